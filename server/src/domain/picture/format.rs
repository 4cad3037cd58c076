//! File formats, detected by their first bytes. The name of a file and its stated type are never
//! used.

/// A format that an operator may upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG (ISO/IEC 10918), baseline or progressive.
    Jpeg,
    /// PNG, with or without interlacing.
    Png,
    /// WebP, lossy or lossless.
    WebP,
    /// HEVC pictures in an ISO base media file, as iPhones and many other phones take them.
    Heic,
    /// PDF of any version.
    Pdf,
}

/// Brands of files that hold HEVC pictures or sequences of them (ISO/IEC 23008-12, annex B).
const HEVC_BRANDS: [&[u8; 4]; 8] = [
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
];

/// Brands that define how pictures are stored, but not the codec.
const CODEC_FREE_BRANDS: [&[u8; 4]; 2] = [b"mif1", b"msf1"];

/// Brands of AV1 pictures, which are not accepted.
const AV1_BRANDS: [&[u8; 4]; 2] = [b"avif", b"avis"];

impl Format {
    /// Returns the format of a file that begins with `head`, or `None` if it is not accepted.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::WebP),
            [b'%', b'P', b'D', b'F', ..] => Some(Self::Pdf),
            _ => is_heic(head).then_some(Self::Heic),
        }
    }

    /// Returns the media type under which a file of this format is served.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Heic => "image/heif",
            Self::Pdf => "application/pdf",
        }
    }

    /// Returns the format that is served under this media type.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let all = [Self::Jpeg, Self::Png, Self::WebP, Self::Heic, Self::Pdf];
        all.into_iter()
            .find(|format| format.content_type() == content_type)
    }
}

/// Checks the `ftyp` box. The major brand decides; if it names no codec, the compatible brands do.
fn is_heic(head: &[u8]) -> bool {
    let Some((size, rest)) = head.split_first_chunk::<4>() else {
        return false;
    };
    let Some(brands) = rest.strip_prefix(b"ftyp") else {
        return false;
    };
    let length = (u32::from_be_bytes(*size) as usize).saturating_sub(8);
    let brands = brands.get(..length).unwrap_or(brands);
    let Some((main, others)) = brands.split_first_chunk::<4>() else {
        return false;
    };
    if HEVC_BRANDS.contains(&main) {
        return true;
    }
    // The minor version stands between the major brand and the compatible brands.
    let others = others.get(4..).unwrap_or_default();
    let names = |wanted: &[&[u8; 4]]| {
        let (chunks, _) = others.as_chunks::<4>();
        chunks.iter().any(|brand| wanted.contains(&brand))
    };
    CODEC_FREE_BRANDS.contains(&main) && (names(&HEVC_BRANDS) || !names(&AV1_BRANDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdf_is_recognised_by_its_first_bytes() {
        assert_eq!(Format::of(b"%PDF-1.7"), Some(Format::Pdf));
        assert_eq!(Format::of(b"PDF-1.7"), None);
    }

    fn ftyp(main: &[u8; 4], others: &[&[u8; 4]]) -> Vec<u8> {
        let size = u32::try_from(16 + 4 * others.len()).unwrap();
        let mut bytes = size.to_be_bytes().to_vec();
        bytes.extend_from_slice(b"ftyp");
        bytes.extend_from_slice(main);
        bytes.extend_from_slice(&[0; 4]);
        for brand in others {
            bytes.extend_from_slice(*brand);
        }
        bytes
    }

    #[test]
    fn an_avif_picture_is_no_heic_whatever_its_main_brand() {
        assert_eq!(Format::of(&ftyp(b"avif", &[b"mif1", b"miaf"])), None);
        assert_eq!(Format::of(&ftyp(b"mif1", &[b"avif", b"miaf"])), None);
        assert_eq!(Format::of(&ftyp(b"isom", &[b"heic"])), None);
    }

    #[test]
    fn brands_behind_the_first_box_are_not_read() {
        let mut bytes = ftyp(b"mif1", &[b"avif"]);
        bytes.extend_from_slice(b"heicheic");
        assert_eq!(Format::of(&bytes), None);
    }

    #[test]
    fn every_format_is_found_again_by_its_media_type() {
        for format in [
            Format::Jpeg,
            Format::Png,
            Format::WebP,
            Format::Heic,
            Format::Pdf,
        ] {
            assert_eq!(Format::of_content_type(format.content_type()), Some(format));
        }
    }
}
