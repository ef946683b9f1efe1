//! What a session takes in beside envelopes: pieces of what is loaded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Session;
use crate::sources::follow::ahead::Ahead;
use crate::sources::load::Piece;

impl Session {
    /// Has large logs begun near their ends: gives what whoever follows them needs for it.
    pub fn ahead(&mut self, ids: &Arc<AtomicU32>) -> Ahead {
        let ahead = Ahead { shelf: self.shelf.clone(), ids: Arc::clone(ids), again: Arc::default() };
        self.ahead.insert(ahead).clone()
    }

    /// Milliseconds before a moment that the screen shows of it, and a minute: what ended in it began before.
    #[must_use]
    pub fn on_screen(&self) -> i64 {
        1000 * (self.ui.window + 60)
    }

    /// So many more bytes are being loaded.
    pub fn begin_loading(&mut self, bytes: u64) {
        self.loading.get_or_insert_default().0 += bytes;
        self.tell_loading();
    }

    /// Takes in a piece of what is being loaded.
    pub fn take_piece(&mut self, piece: Piece) {
        self.dirty = true;
        match piece {
            Piece::Found(found, bytes) => {
                self.engine.merge(*found);
                if let Some((_, loaded)) = &mut self.loading {
                    *loaded += bytes;
                }
            }
            Piece::Ended(source, end) => self.engine.end_parts(source, &end),
            Piece::Told(envelope) => self.engine.take(envelope),
            Piece::Over => {
                self.ui.forget_answers();
                if let Some(ahead) = &self.ahead {
                    self.engine.forget_logs();
                    self.loading = None;
                    // In this order: a log that gets its number afterwards is met by one who knows, or is not told of.
                    ahead.again.fetch_add(1, Ordering::SeqCst);
                    self.forgotten = ahead.ids.load(Ordering::SeqCst);
                } else {
                    self.engine = self.engine.maker()();
                }
                if let Some((_, loaded)) = &mut self.loading {
                    *loaded = 0;
                }
            }
        }
        self.tell_loading();
    }

    fn tell_loading(&mut self) {
        #[expect(clippy::cast_precision_loss, reason = "a share for a gauge")]
        let share = |(all, loaded): (u64, u64)| loaded as f64 / all.max(1) as f64;
        // A log may have grown meanwhile.
        self.ui.loading = self.loading.map(share).map(|share| share.min(1.0));
    }

    /// Nothing more will come of what was being loaded.
    pub fn loaded(&mut self) {
        (self.loading, self.ui.loading) = (None, None);
        self.ui.forget_answers();
        self.dirty = true;
    }
}
