//! A photo for tests: as large as one from a phone, sharp, not blank, and always the same.

use std::path::Path;

use anyhow::Result;
use image::{Rgb, RgbImage};

/// Writes a PNG of a few megabytes: a doorway in daylight, with the noise of a cheap sensor.
pub(crate) fn write(file: &Path) -> Result<()> {
    let mut noise = Noise(0x9E37_79B9);
    let photo = RgbImage::from_fn(1400, 1050, |x, y| {
        let [red, green, blue] = scene(x, y);
        let light = noise.next();
        Rgb([
            red ^ light,
            green ^ light.rotate_left(1) & 0x1f,
            blue ^ light.rotate_left(2) & 0x1f,
        ])
    });
    photo.save(file)?;
    Ok(())
}

fn scene(x: u32, y: u32) -> [u8; 3] {
    let door = (450..950).contains(&x) && y > 250;
    let frame = (430..970).contains(&x) && y > 230;
    match (door, frame, (x / 60 + y / 30) % 2) {
        (true, ..) => [40, 70, 160],
        (false, true, _) => [235, 235, 225],
        (false, false, 0) => [170, 80, 60],
        (false, false, _) => [190, 100, 75],
    }
}

/// A xorshift generator of five bits of noise, which are the same in every run.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 24) as u8 & 0x1f
    }
}
