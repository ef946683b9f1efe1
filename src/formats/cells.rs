//! The cells of a line of comma-separated values.

use std::fmt;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Splits lines into cells. One reader serves all lines: to make it costs more than to read a line with it.
pub struct Cells {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}

impl Cells {
    /// For lines whose cells are separated by a character.
    #[must_use]
    pub fn new(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, text: Vec::new(), ends: vec![0; 16], count: 0 }
    }

    /// Splits a line. What is no line of cells has none.
    pub fn split(&mut self, line: &[u8]) {
        // A cell is never longer than it stands in the line.
        self.text.resize(self.text.len().max(line.len() + 1), 0);
        self.reader.reset();
        self.count = 0;
        let (mut rest, mut written) = (line, 0);
        loop {
            let (text, ends) = (self.text.get_mut(written..), self.ends.get_mut(self.count..));
            let (Some(text), Some(ends)) = (text, ends) else { return };
            let (result, read, put, found) = self.reader.read_record(rest, text, ends);
            rest = rest.get(read..).unwrap_or_default();
            written += put;
            self.count += found;
            match result {
                // Told of the end, it gives the record.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => return,
            }
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A cell.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(..self.count)?.get(at)?;
        let begin = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(begin..end)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count).filter_map(|at| self.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(cells: &mut Cells, line: &str) -> Vec<String> {
        cells.split(line.as_bytes());
        cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
    }

    #[test]
    fn a_line_does_not_depend_on_those_before_it() {
        let mut cells = Cells::new(b',');
        assert_eq!(split(&mut cells, r#""a","b,c","say ""no""","#), ["a", "b,c", r#"say "no""#, ""]);
        assert_eq!(split(&mut cells, r#""never closed,d"#), ["never closed,d"]);
        assert_eq!(split(&mut cells, "x,y"), ["x", "y"]);
        assert!(split(&mut cells, "").is_empty());
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        assert_eq!(split(&mut cells, &many.join(",")), many);
        assert_eq!(split(&mut Cells::new(b';'), "1,5;2"), ["1,5", "2"]);
    }
}
