use super::*;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

/// Two ends of a connection: an outbox, and who reads.
async fn connected(most: usize) -> (Outbox, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (theirs, _) = listener.accept().await.unwrap();
    let outbox = Outbox::new(most);
    let (reader, writer) = ours.into_split();
    // the end of what the peer sends is no matter of these tests
    std::mem::forget(reader);
    outbox.open(Wire::Watched(writer));
    (outbox, theirs)
}

async fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut read = vec![0; expected.len()];
    stream.read_exact(&mut read).await.unwrap();
    assert!(read == expected);
}

#[tokio::test]
async fn who_pushes_writes_and_nobody_else_is_woken() {
    let (outbox, mut theirs) = connected(1000).await;
    assert_eq!(outbox.push(b"one"), Pushed::Write);
    assert_eq!(outbox.push(b"two"), Pushed::Left, "it is somebody's turn");
    outbox.write();
    expect(&mut theirs, b"onetwo").await;
    assert_eq!((outbox.waiting(), outbox.push(b"three")), (0, Pushed::Write));
}

#[tokio::test]
async fn a_burst_is_the_tasks_until_something_is_read() {
    let (outbox, mut theirs) = connected(1000).await;
    for _ in 0..MAX_EAGER {
        assert_eq!(outbox.push(b"x"), Pushed::Write);
        outbox.write();
    }
    assert_eq!((outbox.push(b"one"), outbox.push(b"two")), (Pushed::Left, Pushed::Left));
    assert_eq!(outbox.waiting(), 6);
    let reading = async {
        expect(&mut theirs, b"xxonetwo").await;
        outbox.hold();
        outbox.release();
        assert_eq!(outbox.push(b"three"), Pushed::Write);
        outbox.write();
        outbox.finish();
    };
    assert_eq!(tokio::join!(outbox.write_out(), reading).0, Written::All);
}

#[tokio::test]
async fn what_is_pushed_while_it_is_held_is_written_at_the_release() {
    let (outbox, mut theirs) = connected(1000).await;
    outbox.hold();
    assert_eq!(outbox.push(b"one"), Pushed::Left);
    assert_eq!(outbox.push(b"two"), Pushed::Left);
    assert_eq!(outbox.waiting(), 6);
    outbox.release();
    expect(&mut theirs, b"onetwo").await;
    assert_eq!(outbox.push(b"three"), Pushed::Write);
}

#[tokio::test]
async fn a_turn_that_was_taken_before_the_hold_is_still_taken() {
    let (outbox, mut theirs) = connected(1000).await;
    assert_eq!(outbox.push(b"one"), Pushed::Write);
    outbox.hold();
    assert_eq!(outbox.push(b"two"), Pushed::Left);
    outbox.release();
    assert_eq!(outbox.waiting(), 6, "the other one will write it");
    outbox.write();
    expect(&mut theirs, b"onetwo").await;
}

/// A peer that does not read: the rest is the task's, in order.
#[tokio::test]
async fn what_the_socket_does_not_take_is_written_by_the_task() {
    let (outbox, mut theirs) = connected(usize::MAX).await;
    let (first, second) = (vec![b'a'; 20 << 20], vec![b'b'; 1000]);
    assert_eq!(outbox.push(&first), Pushed::Write);
    outbox.write();
    assert!(outbox.waiting() > 0, "more than a kernel buffers");
    assert_eq!(outbox.push(&second), Pushed::Left);
    outbox.finish();
    assert_eq!(outbox.push(b"more"), Pushed::Closed);
    let reading = async {
        expect(&mut theirs, &first).await;
        expect(&mut theirs, &second).await;
    };
    let (written, ()) = tokio::join!(outbox.write_out(), reading);
    assert_eq!((written, outbox.waiting()), (Written::All, 0));
}

#[tokio::test]
async fn bytes_that_wait_are_bounded_and_one_message_always_has_room() {
    let (outbox, _theirs) = connected(100).await;
    outbox.hold();
    assert_eq!(outbox.push(&[1; 500]), Pushed::Left);
    assert_eq!(outbox.push(&[2; 1]), Pushed::Full);
    outbox.release();
    outbox.hold();
    assert_eq!(outbox.push(&[3; 60]), Pushed::Left);
    assert_eq!(outbox.push(&[3; 40]), Pushed::Left);
    assert_eq!(outbox.push(&[3; 1]), Pushed::Full);
}

#[tokio::test]
async fn an_abort_ends_a_task_that_waits_for_the_socket() {
    let (outbox, _theirs) = connected(usize::MAX).await;
    assert_eq!(outbox.push(&vec![0; 20 << 20]), Pushed::Write);
    outbox.write();
    let abort = async {
        tokio::task::yield_now().await;
        outbox.abort();
    };
    let (written, ()) = tokio::join!(outbox.write_out(), abort);
    assert_eq!((written, outbox.waiting()), (Written::Aborted, 0));
}

#[tokio::test]
async fn a_broken_socket_is_the_tasks_to_tell() {
    let (outbox, theirs) = connected(1000).await;
    socket2::SockRef::from(&theirs).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(theirs);
    let written = tokio::join!(outbox.write_out(), async {
        // the reset may not have come yet at the first
        loop {
            match outbox.push(b"message") {
                Pushed::Write => outbox.write(),
                Pushed::Left => {}
                Pushed::Closed => break,
                Pushed::Full => panic!("nothing waits on a broken socket"),
            }
            tokio::task::yield_now().await;
        }
    });
    assert!(matches!(written.0, Written::Broken(_)));
}

#[tokio::test]
async fn a_task_with_tls_writes_everything_itself() {
    let outbox = Outbox::new(1000);
    let (mut ours, mut theirs) = tokio::io::duplex(8);
    assert_eq!(outbox.push(b"before it was asked"), Pushed::Left);
    let feed = async {
        outbox.hold();
        assert_eq!(outbox.push(b", held"), Pushed::Left);
        outbox.release();
        let mut read = vec![0; 25];
        theirs.read_exact(&mut read).await.unwrap();
        assert_eq!(read, b"before it was asked, held");
        assert_eq!(outbox.push(b" and last"), Pushed::Left);
        outbox.finish();
        let mut read = vec![0; 9];
        theirs.read_exact(&mut read).await.unwrap();
    };
    let (written, ()) = tokio::join!(outbox.write_to(&mut ours), feed);
    assert_eq!(written, Written::All);
}
