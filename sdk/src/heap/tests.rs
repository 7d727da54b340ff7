use super::*;
use std::cell::{Cell, RefCell};

/// Pages of the test's own, at most `most` of them.
struct Pages {
    all: RefCell<Vec<(*mut u8, Layout)>>,
    left: Cell<usize>,
}

impl Pages {
    fn heap(most: usize) -> Heap<Pages> {
        Heap::new(Pages { all: RefCell::default(), left: Cell::new(most) })
    }
}

impl Ground for Pages {
    fn grow(&self, bytes: usize) -> *mut u8 {
        let pages = bytes.div_ceil(PAGE);
        if pages > self.left.get() {
            return ptr::null_mut();
        }
        self.left.set(self.left.get() - pages);
        let layout = Layout::from_size_align(pages * PAGE, PAGE).expect("a layout");
        // SAFETY: not of size zero.
        let block = unsafe { std::alloc::alloc(layout) };
        self.all.borrow_mut().push((block, layout));
        block
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        for (block, layout) in self.all.borrow().iter() {
            // SAFETY: they came from there.
            unsafe { std::alloc::dealloc(*block, *layout) };
        }
    }
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}

#[test]
fn blocks_are_aligned_apart_and_as_large_as_asked() {
    let heap = Pages::heap(64);
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for round in 0..200 {
        for (size, align) in
            [(1, 1), (15, 8), (16, 16), (17, 4), (100, 64), (3000, 8), (65_536, 8), (70_000, 16)]
        {
            if size > 4096 && round > 0 {
                continue;
            }
            // SAFETY: sizes are not zero; what is written lies within the block.
            unsafe {
                let block = heap.alloc(layout(size, align));
                assert!(!block.is_null() && block.addr().is_multiple_of(align));
                block.write_bytes(round as u8, size);
                let (from, to) = (block.addr(), block.addr() + size);
                assert!(taken.iter().all(|(a, b)| to <= *a || from >= *b), "{size} overlaps");
                taken.push((from, to));
            }
        }
    }
}

#[test]
fn a_freed_block_is_the_next_of_its_size() {
    let heap = Pages::heap(1);
    // SAFETY: each block is freed with the layout it was taken with.
    unsafe {
        let one = heap.alloc(layout(40, 8));
        let two = heap.alloc(layout(64, 8));
        heap.dealloc(one, layout(40, 8));
        assert_eq!(heap.alloc(layout(33, 1)), one);
        heap.dealloc(two, layout(64, 8));
        for _ in 0..100_000 {
            let block = heap.alloc(layout(60, 4));
            assert_eq!(block, two);
            heap.dealloc(block, layout(60, 4));
        }
    }
}

#[test]
fn a_block_grows_and_shrinks_with_its_content() {
    let heap = Pages::heap(8);
    // SAFETY: what is read was written, within the sizes.
    unsafe {
        let small = heap.alloc(layout(20, 1));
        small.write_bytes(7, 20);
        assert_eq!(heap.realloc(small, layout(20, 1), 32), small, "same class");
        let large = heap.realloc(small, layout(32, 1), 5000);
        assert!((0..20).all(|i| *large.add(i) == 7));
        let again = heap.realloc(large, layout(5000, 1), 10);
        assert!((0..10).all(|i| *again.add(i) == 7));
    }
}

#[test]
fn no_memory_is_null_and_not_the_end() {
    let heap = Pages::heap(1);
    // SAFETY: nothing is done with null.
    unsafe {
        assert!(heap.alloc(layout(PAGE + 1, 8)).is_null());
        assert!(heap.alloc(layout(8, 2 * PAGE)).is_null(), "no such alignment");
        assert!(!heap.alloc(layout(32_768, 8)).is_null());
        assert!(!heap.alloc(layout(32_768, 8)).is_null());
        assert!(heap.alloc(layout(16, 8)).is_null());
    }
}
