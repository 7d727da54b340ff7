use super::*;

fn packet(sequence: u16) -> Packet<'static> {
    let timestamp = u32::from(sequence).wrapping_mul(160);
    Packet { payload_type: PCMU, marker: false, sequence, timestamp, source: 7, payload: &[0xff; 4] }
}

/// Packets of these numbers, each when its 20 ms have come, and some milliseconds more.
fn heard(packets: &[(u16, u64)]) -> Reception {
    let mut reception = Reception::default();
    for (place, (sequence, late_ms)) in packets.iter().enumerate() {
        reception.handle(Time::from_millis(1_000 + place as u64 * 20 + late_ms), &packet(*sequence));
    }
    reception
}

#[test]
fn what_is_printed_is_read_again() {
    let packet = Packet { marker: true, payload_type: 96, ..packet(0xfffe) };
    let mut out = vec![1, 2, 3];
    packet.print(&mut out);
    assert_eq!(out.len(), HEADER + 4);
    assert_eq!(Packet::parse(&out), Some(packet));
}

#[test]
fn sources_extensions_and_padding_are_passed_over() {
    let mut bytes = vec![0x80 | 0x20 | 0x10 | 1, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend([9; 4]); // a contributing source
    bytes.extend([0, 0, 0, 1, 8, 8, 8, 8]); // an extension of one word
    bytes.extend([1, 2, 0, 2]); // two samples, two bytes of padding
    assert_eq!(Packet::parse(&bytes).unwrap().payload, [1, 2]);
    for length in 0..bytes.len() {
        // The last byte counts the padding, whichever it is; nothing panics.
        let _ = Packet::parse(&bytes[..length]);
    }
}

#[test]
fn what_is_no_rtp() {
    let rtcp = [0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(Packet::parse(&rtcp), None);
    assert_eq!(Packet::parse(&[0x40; 40]), None);
    assert_eq!(Packet::parse(&[0x80; 11]), None);
    let too_much_padding = [0xa0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    assert_eq!(Packet::parse(&too_much_padding), None);
}

#[test]
fn loss_and_late_packets() {
    let all = heard(&[(1, 0), (2, 0), (3, 0)]);
    assert_eq!((all.received, all.expected(), all.lost(), all.late), (3, 3, 0, 0));
    let lossy = heard(&[(1, 0), (3, 0), (2, 0), (7, 0)]);
    assert_eq!((lossy.received, lossy.expected(), lossy.lost(), lossy.late), (4, 7, 3, 1));
    assert_eq!(heard(&[]).lost(), 0);
}

#[test]
fn numbers_wrap_around_and_a_source_may_begin_anew() {
    let wrapped = heard(&[(65_534, 0), (65_535, 0), (0, 0), (2, 0)]);
    assert_eq!((wrapped.expected(), wrapped.lost()), (5, 1));
    let anew = heard(&[(10, 0), (11, 0), (30_000, 0), (30_001, 0)]);
    assert_eq!((anew.expected(), anew.lost()), (4, 0));
}

#[test]
fn jitter_is_none_for_an_even_stream_and_settles_for_an_uneven_one() {
    let even: Vec<_> = (0..200).map(|sequence| (sequence, 3)).collect();
    assert_eq!(heard(&even).jitter_us(), 0);
    // Every other one 8 ms late: |D| is 8 ms each time.
    let uneven: Vec<_> = (0..400).map(|sequence| (sequence, u64::from(sequence % 2) * 8)).collect();
    let jitter = heard(&uneven).jitter_us();
    assert!((7_000..=8_000).contains(&jitter), "{jitter}");
}
