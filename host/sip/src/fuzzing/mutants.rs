//! Mutated bytes from a seed, for running the body of a fuzz target in an ordinary test.
//!
//! In: a number. Out: the same bytes for the same number, each time.

/// xorshift64*, enough to mutate with.
#[derive(Debug, Clone)]
pub struct Mutants(u64);

/// Bytes that mean something somewhere.
const TELLING: &[u8] = b"\r\n\0\t ;,:<>\"\\@?&=%[]()/*+-.0919zZ\x7f\xff";
const PIECES: [&[u8]; 10] = [
    b"\r\n",
    b"\r\n ",
    b"\r\n\r\n",
    b"sip:",
    b"z9hG4bK",
    b"Content-Length: ",
    b"Via: SIP/2.0/UDP ",
    b";rport",
    b"\"\\\"",
    b"%00",
];

impl Mutants {
    /// The mutants of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Mutants {
        Mutants(seed | 1)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound.max(1) as u64) as usize
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| (self.number() >> 32) as u8).collect()
    }

    /// Changes some bytes.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len() + 1);
            let telling = TELLING[self.below(TELLING.len())];
            match self.below(7) {
                0 if at < bytes.len() => bytes[at] = telling,
                1 if at < bytes.len() => bytes[at] = self.number() as u8,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.insert(at, telling),
                4 => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
                5 => bytes.truncate(bytes.len() - self.below(bytes.len().min(40))),
                _ => {
                    let end = (at + self.below(60)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    let to = self.below(bytes.len() + 1);
                    drop(bytes.splice(to..to, piece));
                }
            }
        }
    }

    /// Runs the body of a target with so many byte strings of any length below `most`. One that it does not survive is
    /// made as short as can be, and shown.
    pub fn run(&mut self, times: usize, most: usize, target: fn(&[u8])) {
        for _ in 0..times {
            let length = self.below(most);
            let bytes = self.bytes(length);
            if std::panic::catch_unwind(|| target(&bytes)).is_err() {
                let shortest = shortest(bytes, target);
                println!("with \"{}\"", shortest.escape_ascii());
                target(&shortest);
            }
        }
    }
}

/// The same failure, or another one, with as few bytes as leaving some out can do.
fn shortest(mut bytes: Vec<u8>, target: fn(&[u8])) -> Vec<u8> {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut length = bytes.len() / 2;
    while length > 0 {
        let mut at = 0;
        while at < bytes.len() {
            let mut fewer = bytes.clone();
            fewer.drain(at..(at + length).min(bytes.len()));
            if std::panic::catch_unwind(|| target(&fewer)).is_err() {
                bytes = fewer;
            } else {
                at += length;
            }
        }
        length /= 2;
    }
    std::panic::set_hook(loud);
    bytes
}
