//! The heap of a component: size classes with a list of free blocks each.
//!
//! In: layouts. Out: blocks, in a few instructions. A hook takes some dozens of small blocks and gives all of them
//! back; a general allocator spends more time on that than the script on deciding. A block is a power of two, 16 bytes
//! to 2^31, aligned to its size up to a page; a freed one waits for the next of its size and is never split or joined.
//! Memory stays near twice what each size needed at its peak, and the host bounds it. Wasm has one thread. The feature `heap`, on by default, makes it the
//! allocator of the component.
#![allow(unsafe_code)] // an allocator hands out raw memory

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::{self, NonNull};

/// Bytes of the smallest block: room for the link of a free one, and the alignment of everything.
const LEAST: usize = 16;
/// 16 bytes to 2^31.
const CLASSES: usize = 28;
/// Bytes to which memory is asked for: a wasm page.
const PAGE: usize = 65_536;

/// Where memory comes from: at least this many bytes (a multiple of [`PAGE`]) right behind the ones given before, or
/// anywhere else; null: there is none left.
pub(crate) trait Ground {
    fn grow(&self, bytes: usize) -> *mut u8;
}

/// See above.
#[derive(Debug)]
pub(crate) struct Heap<G> {
    ground: G,
    state: UnsafeCell<State>,
}

#[derive(Debug)]
struct State {
    /// First free block of each class.
    free: [Option<NonNull<Block>>; CLASSES],
    /// Memory that was never given out.
    next: *mut u8,
    left: usize,
}

#[derive(Debug)]
struct Block {
    next: Option<NonNull<Block>>,
}

// SAFETY: wasm32-unknown-unknown without the atomics feature has one thread; tests use a heap of their own each.
unsafe impl<G: Sync> Sync for Heap<G> {}

impl<G: Ground> Heap<G> {
    pub(crate) const fn new(ground: G) -> Self {
        let state = State { free: [None; CLASSES], next: ptr::null_mut(), left: 0 };
        Self { ground, state: UnsafeCell::new(state) }
    }

    /// The class of a layout; `None`: too large.
    #[inline]
    fn class(layout: Layout) -> Option<usize> {
        // A block is aligned to its own size, up to a page.
        let size = layout.size().max(layout.align()).max(LEAST);
        let class = (usize::BITS - (size - 1).leading_zeros() - LEAST.ilog2()) as usize;
        (class < CLASSES && layout.align() <= PAGE).then_some(class)
    }

    /// A block that was never used.
    #[cold]
    fn fresh(&self, state: &mut State, class: usize) -> *mut u8 {
        let size = LEAST << class;
        // Blocks of a page and more get pages of their own; others are cut from the last one.
        if size >= PAGE {
            return self.ground.grow(size);
        }
        let padding = state.next.addr().wrapping_neg() % size;
        if state.left < padding + size {
            let page = self.ground.grow(PAGE);
            if page.is_null() {
                return page;
            }
            (state.next, state.left) = (page, PAGE);
            return self.fresh(state, class);
        }
        // SAFETY: `padding + size` bytes behind `next` are ours and unused.
        unsafe {
            let block = state.next.add(padding);
            state.next = block.add(size);
            state.left -= padding + size;
            block
        }
    }
}

// SAFETY: a block belongs to one owner from `alloc` to `dealloc`: it is either cut from memory never given out, or
// taken from the list that `dealloc` put it on. Its size and alignment are those of its class, at least the layout's.
unsafe impl<G: Ground> GlobalAlloc for Heap<G> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = Self::class(layout) else { return ptr::null_mut() };
        // SAFETY: one thread, and nothing here calls back into the heap.
        let state = unsafe { &mut *self.state.get() };
        match state.free[class] {
            Some(block) => {
                // SAFETY: a block on a list holds a `Block`.
                state.free[class] = unsafe { block.as_ref().next };
                block.as_ptr().cast()
            }
            None => self.fresh(state, class),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let (Some(class), Some(block)) = (Self::class(layout), NonNull::new(block.cast::<Block>())) else {
            return;
        };
        // SAFETY: as in `alloc`; the block is at least 16 bytes, aligned to 16, and its owner gives it up.
        unsafe {
            let state = &mut *self.state.get();
            block.write(Block { next: state.free[class] });
            state.free[class] = Some(block);
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's size is not zero and does not overflow with the alignment.
        unsafe {
            let new = Layout::from_size_align_unchecked(size, layout.align());
            if Self::class(layout) == Self::class(new) {
                return block;
            }
            let to = self.alloc(new);
            if !to.is_null() {
                ptr::copy_nonoverlapping(block, to, layout.size().min(size));
                self.dealloc(block, layout);
            }
            to
        }
    }
}

/// The memory of a component.
#[cfg(all(target_arch = "wasm32", feature = "heap"))]
mod component {
    use super::{Ground, Heap, PAGE};

    struct Memory;

    impl Ground for Memory {
        fn grow(&self, bytes: usize) -> *mut u8 {
            let pages = core::arch::wasm32::memory_grow(0, bytes.div_ceil(PAGE));
            if pages == usize::MAX {
                core::ptr::null_mut()
            } else {
                core::ptr::with_exposed_provenance_mut(pages * PAGE)
            }
        }
    }

    #[global_allocator]
    static HEAP: Heap<Memory> = Heap::new(Memory);
}

#[cfg(test)]
mod tests;
