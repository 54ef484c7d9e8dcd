//! Sound for a transcoder: a voice that begins and ends sharply, so that its way can be timed.

use ropus::{Application, Bitrate, Channels, Encoder};

/// Packets from one beginning to the next: two seconds.
pub(super) const CYCLE: usize = 100;
/// Silent packets at the beginning of a cycle.
pub(super) const SILENT: usize = 40;
const FRAME: usize = 160;
/// A-law and µ-law for silence, and two levels that are loud in both.
const A_LAW: [u8; 3] = [0xD5, 0xB5, 0x35];
const MU_LAW: [u8; 3] = [0xFF, 0x9F, 0x1F];

/// One cycle of Opus packets, as a browser would send them: at 16 kHz, or at 8 kHz to a telephone.
pub(super) fn opus(sample_rate: u32, bits_per_second: u32) -> anyhow::Result<Vec<Vec<u8>>> {
    let frame_length = sample_rate as usize / 50;
    let mut encoder = Encoder::builder(sample_rate, Channels::Mono, Application::Voip)
        .bitrate(Bitrate::Bits(bits_per_second))
        .complexity(5)
        .build()?;
    (0..CYCLE)
        .map(|frame| {
            let sample = |n| voice(frame * frame_length + n, sample_rate as f32);
            let samples: Vec<i16> =
                (0..frame_length).map(|n| if frame < SILENT { 0 } else { sample(n) }).collect();
            let mut packet = vec![0; 400];
            let length = encoder.encode(&samples, &mut packet)?;
            packet.truncate(length);
            Ok(packet)
        })
        .collect()
}

/// Harmonics of 125 Hz, as vowels have.
fn voice(n: usize, rate: f32) -> i16 {
    let angle = n as f32 * 125.0 * std::f32::consts::TAU / rate;
    let sum: f32 = (1..=12).map(|k| (angle * k as f32).sin() / k as f32).sum();
    (sum * 6_000.0) as i16
}

/// One cycle of G.711: the voice is a square wave.
pub(super) fn g711(a_law: bool) -> Vec<Vec<u8>> {
    let [silence, up, down] = if a_law { A_LAW } else { MU_LAW };
    (0..CYCLE)
        .map(|frame| {
            (0..FRAME)
                .map(|n| match (frame < SILENT, n / 20 % 2) {
                    (true, _) => silence,
                    (false, 0) => up,
                    (false, _) => down,
                })
                .collect()
        })
        .collect()
}

/// The first loud sample of a G.711 payload.
pub(super) fn onset(a_law: bool, payload: &[u8]) -> Option<usize> {
    payload.iter().position(|octet| {
        let magnitude = if a_law { (octet ^ 0x55) & 0x7F } else { !octet & 0x7F };
        magnitude >= 0x48
    })
}
