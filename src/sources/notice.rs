//! Notifications of the file system. They are hints: they may come late, never, or be wrong; all they do is wake the follower early.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::discover::has_wildcard;

/// Something to sleep on that others can wake.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    sleeper: Condvar,
}

impl Bell {
    /// Wakes the sleeper, or keeps it from falling asleep.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.sleeper.notify_one();
    }

    /// Sleeps until the bell rings, at most `longest`. True if it rang.
    #[must_use]
    pub fn sleep(&self, longest: Duration) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = self.sleeper.wait_timeout_while(rung, longest, |rung| !*rung);
        let (mut rung, _) = woken.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }
}

/// Rings `bell` when something changes under one of `roots`, as long as the value lives; `None` where the system cannot tell.
#[must_use]
pub fn watch(roots: &[PathBuf], bell: Arc<Bell>) -> Option<RecommendedWatcher> {
    let heard = move |event: notify::Result<notify::Event>| {
        // Looking at a folder is itself an event.
        if !event.is_ok_and(|e| matches!(e.kind, EventKind::Access(_))) {
            bell.ring();
        }
    };
    let mut watcher = notify::recommended_watcher(heard).ok()?;
    let mut any = false;
    for root in roots {
        let (folder, mode) = place(root);
        any |= watcher.watch(&folder, mode).is_ok();
    }
    any.then_some(watcher)
}

/// The folder to watch for a root, and whether the folders under it are meant, too.
fn place(root: &Path) -> (PathBuf, RecursiveMode) {
    if root.is_dir() {
        return (root.to_owned(), RecursiveMode::Recursive);
    }
    let parent = |path: &Path| match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    };
    let plain = root.ancestors().skip(1).find(|p| !has_wildcard(p));
    match plain {
        Some(dir) if has_wildcard(&parent(root)) => (dir.to_owned(), RecursiveMode::Recursive),
        _ => (parent(root), RecursiveMode::NonRecursive),
    }
}
