//! The bodies of the targets on bytes out of a seed, and on good messages with a few bytes changed.

use super::*;
use crate::luck::Luck;

fn bytes(luck: &mut Luck, most: u64) -> Vec<u8> {
    (0..luck.below(most)).map(|_| luck.next() as u8).collect()
}

/// Changes a byte, a number, a length; cuts or doubles a piece.
fn mutate(luck: &mut Luck, bytes: &mut Vec<u8>) {
    for _ in 0..=luck.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = luck.below(bytes.len() as u64) as usize;
        match luck.below(6) {
            0 => bytes[at] = luck.next() as u8,
            1 => bytes[at] ^= 1 << luck.below(8),
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][luck.below(5) as usize],
            3 => bytes.truncate(at),
            4 => {
                let end = (at + luck.below(40) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let end = (at + luck.below(40) as usize).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
}

#[test]
fn any_bytes_are_survived() {
    let mut luck = Luck::new(1);
    for _ in 0..3000 {
        let bytes = bytes(&mut luck, 600);
        message(&bytes);
        cx(&bytes);
    }
}

#[test]
fn any_typed_value_rounds() {
    let mut luck = Luck::new(2);
    for which in 0..14_u8 {
        for _ in 0..300 {
            let mut bytes = bytes(&mut luck, 1500);
            bytes.insert(0, which);
            cx(&bytes);
        }
    }
}

#[test]
fn mutated_messages_are_survived() {
    let mut luck = Luck::new(3);
    for _ in 0..6000 {
        let seed = bytes(&mut luck, 900);
        let mut choices = Choices::new(&seed);
        let good = match luck.below(4) {
            0 => ServerAssignmentAnswer::make(&mut choices).print(),
            1 => MultimediaAuthAnswer::make(&mut choices).print(),
            2 => ServerAssignmentRequest::make(&mut choices).print(),
            _ => CapabilitiesExchangeRequest::make(&mut choices).print(),
        };
        let mut bytes = good.unwrap().bytes().to_vec();
        mutate(&mut luck, &mut bytes);
        if luck.below(2) == 0 && bytes.len() >= 4 {
            bytes.truncate(bytes.len() / 4 * 4);
            let length = (bytes.len() as u32).to_be_bytes();
            bytes[1..4].copy_from_slice(&length[1..]);
        }
        message(&bytes);
    }
}

#[test]
fn any_world_is_survived() {
    let mut luck = Luck::new(4);
    for which in 0..3000 {
        let mut bytes = bytes(&mut luck, 2000);
        bytes.insert(0, which as u8);
        peer(std::time::Instant::now(), &bytes);
    }
}
