//! A tone in PCMU (ITU-T G.711 table 2a): what a phone says.
//!
//! In: the place of a sample. Out: a byte. 425 Hz, the dial tone of most countries (ITU-T E.180), at a quarter of the
//! full scale.

use super::rtp::{CLOCK, SAMPLES};

/// Cycles in a second.
pub const FREQUENCY: u32 = 425;
const AMPLITUDE: f32 = 8_000.0;
/// What G.711 adds before the logarithm.
const BIAS: u16 = 33;

/// The samples of one packet that begins at this place.
#[must_use]
pub fn samples(timestamp: u32) -> [u8; SAMPLES] {
    std::array::from_fn(|place| {
        let place = timestamp.wrapping_add(place as u32) % CLOCK;
        let angle = std::f32::consts::TAU * (place * FREQUENCY % CLOCK) as f32 / CLOCK as f32;
        encode((angle.sin() * AMPLITUDE) as i16)
    })
}

/// One sample of 16 bits in eight.
#[must_use]
pub fn encode(sample: i16) -> u8 {
    // Fourteen bits, with the bias; the largest magnitudes are cut off.
    let magnitude = ((sample.unsigned_abs() >> 2) + BIAS).min(0x1fff);
    let segment = 15 - magnitude.leading_zeros().min(10) as u8;
    let segment = segment.saturating_sub(5);
    let step = (magnitude >> (segment + 1)) as u8 & 0x0f;
    let sign = if sample < 0 { 0x00 } else { 0x80 };
    // Every bit but the sign is sent inverted.
    sign | (!(segment << 4 | step) & 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The byte back to a sample, as G.711 has it.
    fn decode(byte: u8) -> i32 {
        let (bits, positive) = (!byte & 0x7f, byte & 0x80 != 0);
        let (segment, step) = (bits >> 4, i32::from(bits & 0x0f));
        let magnitude = (((step << 1) + 33) << segment) - 33;
        (if positive { magnitude } else { -magnitude }) * 4
    }

    #[test]
    fn silence_and_the_ends_of_the_scale() {
        assert_eq!(encode(0), 0xff);
        assert_eq!(encode(-1), 0x7f);
        assert_eq!(encode(i16::MAX), 0x80);
        assert_eq!(encode(i16::MIN), 0x00);
    }

    #[test]
    fn every_sample_comes_back_within_its_step() {
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            let (sample, back) = (i32::from(sample), decode(encode(sample)));
            let step = 8.max(sample.abs() / 16);
            // The last 500 or so at either end are cut off.
            assert!(
                (sample - back).abs() <= step.max(640 * i32::from(sample.abs() > 32_000)),
                "{sample} {back}"
            );
        }
    }

    #[test]
    fn a_tone_goes_on_from_packet_to_packet() {
        let second: Vec<u8> = (0..50).flat_map(|packet| samples(packet * SAMPLES as u32)).collect();
        let signs = second.windows(2).filter(|two| two[0] & 0x80 != two[1] & 0x80).count();
        assert!((848..=851).contains(&signs), "{signs} changes of sign are {FREQUENCY} cycles");
        assert_eq!(samples(0), samples(CLOCK));
    }
}
