//! Zstandard: frames one after the other, as RFC 8878 has them.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// As much as `zstd -d` allows a frame to look back by itself: what `zstd --long` makes.
const MOST_WINDOW: u64 = 1 << 27;
/// A frame's last block, empty, with room for a checksum: a decoder that is given it hands out what it keeps to look back.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// Reads what frames unpack to.
pub(super) struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    is_open: bool,
    /// What is wrong, once what comes before it has been handed out.
    wrong: Option<io::Error>,
}

impl<R: BufRead> Frames<R> {
    pub fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MOST_WINDOW);
        Self { source, decoder, is_open: false, wrong: None }
    }

    /// Begins the next frame, or skips it.
    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.source) {
            Ok(()) => self.is_open = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = u64::from(length);
                if io::copy(&mut (&mut self.source).take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Err(error) => return Err(self.told(error)),
        }
        Ok(())
    }

    /// Unpacks the frame's next block.
    fn unpack(&mut self) {
        if let Err(error) = self.decoder.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1)) {
            self.wrong = Some(self.told(error));
            self.is_open = self.decoder.decode_blocks(LAST_BLOCK.as_slice(), BlockDecodingStrategy::UptoBlocks(1)).is_ok();
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.is_open = false;
        let told = self.decoder.get_checksum_from_data();
        if self.wrong.is_none() && told.is_some() && told != self.decoder.get_calculated_checksum() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum does not match: a line may be wrong"));
        }
        Ok(())
    }

    /// Where nothing more comes, what is there is right, and there is not enough of it.
    fn told(&mut self, error: FrameDecoderError) -> io::Error {
        match self.source.fill_buf() {
            Ok([]) => io::ErrorKind::UnexpectedEof.into(),
            _ => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_open {
                if let Some(wrong) = self.wrong.take() {
                    return Err(wrong);
                }
                if self.source.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.begin()?;
            } else if self.decoder.can_collect() > 0 {
                return self.decoder.read(into);
            } else if self.decoder.is_finished() {
                self.end()?;
            } else {
                self.unpack();
            }
        }
    }
}

/// What the first frame says that it unpacks to, if it does.
pub(super) fn told_size(source: impl Read) -> Option<u64> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MOST_WINDOW);
    decoder.init(source).ok()?;
    Some(decoder.content_size()).filter(|size| *size > 0)
}
