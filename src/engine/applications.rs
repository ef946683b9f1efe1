//! Which application a request belongs to: the site, and the longest application path that encloses the URL.
//!
//! Without applicationHost.config only the paths of known products count as applications. Guessing one per folder would split a
//! site into pieces that no limit applies to.

mod memo;

use std::cmp::Reverse;
use std::path::{Component, Path};

use crate::limits::Settings;
use crate::timeline::tally::NsRequest;
use crate::timeline::{AppId, Asked, Timeline};
use memo::Memo;

/// Application paths of known products: SEPM (KB 177969) and Altiris Notification Server.
const KNOWN: [&str; 6] = ["/secars", "/secreg", "/reporting", "/content", "/clientpackages", "/Altiris/NS"];

/// Names of sites remembered a log.
const MOST_SITES: usize = 64;

/// The applications of all sites.
#[derive(Debug, Clone, Default)]
pub struct Applications {
    settings: Settings,
    /// Paths given by hand, and those of known products.
    paths: Vec<String>,
    /// Counts how often the settings changed, so that what a log remembers can be forgotten.
    version: u32,
}

/// What is known and remembered of the site that a log belongs to.
#[derive(Debug, Default)]
pub struct Site {
    /// The `1` of the folder `W3SVC1` that holds the log.
    id: Option<u32>,
    version: u32,
    /// By `s-sitename`, of which a log has few.
    by_name: Vec<(Box<[u8]>, Paths)>,
}

/// A site's applications.
#[derive(Debug)]
struct Paths {
    /// By the letter that their paths begin with, the longest path first; the root is the last of all.
    all: Vec<Known>,
    /// Where those of each letter begin in `all`, and end.
    by_letter: [(usize, usize); LETTERS],
    memo: Memo,
}

/// Letters that are told apart, whatever their case.
const LETTERS: usize = 32;

#[derive(Debug)]
struct Known {
    /// Without a trailing slash, in lower case; empty for the root.
    path: Box<[u8]>,
    /// Its first bytes, and which of these count.
    head: u64,
    mask: u64,
    name: Box<str>,
    id: Option<AppId>,
}

/// The first letter of a path, as far as it is told apart.
fn letter(path: &[u8]) -> usize {
    path.get(1).map_or(0, |letter| usize::from(*letter) % LETTERS)
}

/// The first eight bytes of a path, in lower case.
fn head(path: &[u8]) -> u64 {
    const EACH: u64 = u64::MAX / 0xFF;
    let head = path.first_chunk().copied().unwrap_or_else(|| {
        let mut head = [0; 8];
        head.iter_mut().zip(path).for_each(|(to, byte)| *to = *byte);
        head
    });
    let head = u64::from_le_bytes(head);
    // The high bit of each byte tells whether it is from A on, and whether it is beyond Z; a capital has one of the two.
    let low = head & (EACH * 0x7F);
    let (from_a, beyond_z) = (low + EACH * 0x3F, low + EACH * 0x25);
    let capitals = (from_a ^ beyond_z) & !head & (EACH * 0x80);
    head | capitals >> 2
}

impl Site {
    /// The site of the log at a path.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let id = path.components().rev().skip(1).find_map(|part| match part {
            // Names in an archive may have either slash, whatever the system's is.
            Component::Normal(name) => name.to_str()?.rsplit(['/', '\\']).find_map(site_id),
            _ => None,
        });
        Self { id, ..Self::default() }
    }
}

/// The `1` of `W3SVC1`, in any case.
fn site_id(name: &str) -> Option<u32> {
    let (head, id) = name.split_at_checked(5)?;
    if head.eq_ignore_ascii_case("W3SVC") { id.parse().ok() } else { None }
}

impl Applications {
    /// The applications that settings name, and those at paths given by hand.
    #[must_use]
    pub fn new(settings: &Settings, given: &[String]) -> Self {
        let paths = given.iter().cloned().chain(KNOWN.map(String::from)).collect();
        Self { settings: settings.clone(), paths, version: 0 }
    }

    /// Takes over new settings.
    pub fn learn(&mut self, settings: &Settings) {
        self.settings = settings.clone();
        self.version += 1;
    }

    /// What a request to `stem` is counted under; `sitename` is its `s-sitename`, or empty.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log ask for what one before asked for")]
    pub fn of(&self, site: &mut Site, sitename: &[u8], stem: &[u8], timeline: &mut Timeline) -> Asked {
        // Most logs are of one site.
        if site.version == self.version
            && let Some((name, paths)) = site.by_name.first()
            && (name.is_empty() && sitename.is_empty() || **name == *sitename)
            && let Some(asked) = paths.memo.get(stem)
        {
            return asked;
        }
        self.find(site, sitename, stem, timeline)
    }

    #[inline(never)]
    fn find(&self, site: &mut Site, sitename: &[u8], stem: &[u8], timeline: &mut Timeline) -> Asked {
        let Some(paths) = self.paths(site, sitename) else { return Asked { app: timeline.app_id("-/"), ns: None } };
        if let Some(asked) = paths.memo.get(stem) {
            return asked;
        }
        let app = match paths.enclosing(stem) {
            Some(known) => *known.id.get_or_insert_with(|| timeline.app_id(&known.name)),
            None => timeline.app_id("-/"),
        };
        let asked = Asked { app, ns: NsRequest::of_path(stem) };
        paths.memo.keep(stem, asked);
        asked
    }

    /// The name of that application.
    pub fn name_of<'s>(&self, site: &'s mut Site, sitename: &[u8], stem: &[u8]) -> &'s str {
        self.paths(site, sitename).and_then(|paths| paths.enclosing(stem)).map_or("-/", |known| &known.name)
    }

    fn paths<'s>(&self, site: &'s mut Site, sitename: &[u8]) -> Option<&'s mut Paths> {
        if site.version != self.version {
            site.version = self.version;
            site.by_name.clear();
        }
        let known = site.by_name.iter().position(|(name, _)| **name == *sitename);
        let index = known.unwrap_or_else(|| {
            // A log with another name in every row must not fill the memory: it starts over.
            if site.by_name.len() >= MOST_SITES {
                site.by_name.clear();
            }
            let known = self.of_site(site.id, &String::from_utf8_lossy(sitename));
            site.by_name.push((sitename.into(), known));
            site.by_name.len() - 1
        });
        site.by_name.get_mut(index).map(|(_, paths)| paths)
    }

    /// A site's applications.
    fn of_site(&self, id: Option<u32>, sitename: &str) -> Paths {
        let id = site_id(sitename).or_else(|| sitename.parse().ok()).or(id);
        let sites = &self.settings.sites;
        let configured = sites
            .iter()
            .find(|s| Some(s.id) == id)
            .or_else(|| sites.iter().find(|s| s.name.eq_ignore_ascii_case(sitename)))
            // A log that says nothing of its site, beside a configuration with only one.
            .or_else(|| if id.is_none() && sitename.is_empty() && sites.len() == 1 { sites.first() } else { None });
        let name = match (configured, id) {
            (Some(site), _) => site.name.clone(),
            (None, _) if !sitename.is_empty() => sitename.to_owned(),
            (None, Some(id)) => format!("W3SVC{id}"),
            (None, None) => String::from("-"),
        };
        let mut paths: Vec<String> = match configured {
            Some(site) if !site.applications.is_empty() => {
                let given = self.paths.len() - KNOWN.len();
                site.applications.iter().map(|a| a.path.clone()).chain(self.paths.iter().take(given).cloned()).collect()
            }
            _ => self.paths.clone(),
        };
        paths.push(String::from("/"));
        let mut known: Vec<Known> = paths.iter().map(|path| Known::new(&name, path)).collect();
        known.sort_by(|a, b| a.order().cmp(&b.order()));
        known.dedup_by(|a, b| a.path == b.path);
        Paths::new(known)
    }
}

impl Paths {
    fn new(all: Vec<Known>) -> Self {
        let mut by_letter = [(0, 0); LETTERS];
        for (letter, place) in by_letter.iter_mut().enumerate() {
            let until = |wanted: usize| all.partition_point(|known| known.order() < (false, wanted, Reverse(usize::MAX), &[]));
            *place = (until(letter), until(letter + 1));
        }
        Self { all, by_letter, memo: Memo::default() }
    }

    /// The application with the longest path that encloses a URL.
    fn enclosing(&mut self, stem: &[u8]) -> Option<&mut Known> {
        let (begin, end) = self.by_letter.get(letter(stem)).copied()?;
        let head = head(stem);
        let those = self.all.get(begin..end).unwrap_or_default();
        let found = those.iter().position(|known| head & known.mask == known.head && known.encloses(stem));
        match found {
            Some(at) => self.all.get_mut(begin + at),
            None => self.all.last_mut(),
        }
    }
}

impl Known {
    fn new(site: &str, path: &str) -> Self {
        let path = path.trim_matches('/');
        let lower = if path.is_empty() { String::new() } else { format!("/{}", path.to_ascii_lowercase()) };
        let mask = u64::MAX.checked_shr(64 - 8 * u32::try_from(lower.len().min(8)).unwrap_or(8)).unwrap_or(0);
        let name = format!("{site}/{path}").into();
        Self { head: head(lower.as_bytes()), mask, path: lower.into_bytes().into(), name, id: None }
    }

    /// Its place among those of a site: by letters, of these the longest first, and the root last.
    fn order(&self) -> (bool, usize, Reverse<usize>, &[u8]) {
        (self.path.is_empty(), letter(&self.path), Reverse(self.path.len()), &self.path)
    }

    /// Whether it encloses a URL that begins as its path does.
    fn encloses(&self, stem: &[u8]) -> bool {
        let rest = 8..self.path.len().max(8);
        matches!(stem.get(self.path.len()), None | Some(b'/'))
            && match self.path.get(rest.clone()) {
                Some(path) => stem.get(rest).is_some_and(|stem| stem.eq_ignore_ascii_case(path)),
                None => stem.len() >= self.path.len(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{self, Application};

    fn name(applications: &Applications, path: &str, sitename: &[u8], stem: &[u8]) -> String {
        let mut timeline = Timeline::default();
        let mut site = Site::of_path(Path::new(path));
        applications.of(&mut site, sitename, stem, &mut timeline);
        timeline.apps().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn the_longest_path_wins_at_a_segment_boundary_without_case() {
        let settings = Settings {
            sites: vec![limits::Site {
                name: "Symantec Web Server".into(),
                id: 1,
                applications: ["/", "/secars", "/secars/inner"]
                    .map(|path| Application { path: path.into(), pool: String::new() })
                    .into(),
                ..limits::Site::default()
            }],
            ..Settings::default()
        };
        let apps = Applications::new(&settings, &[]);
        assert_eq!(name(&apps, "W3SVC1/u_ex.log", b"", b"/SECARS/secars.dll"), "Symantec Web Server/secars");
        assert_eq!(name(&apps, "W3SVC1/u_ex.log", b"", b"/secars/Inner"), "Symantec Web Server/secars/inner");
        assert_eq!(name(&apps, "W3SVC1/u_ex.log", b"", b"/secarsx"), "Symantec Web Server/");
        assert_eq!(name(&apps, "W3SVC2/u_ex.log", b"", b"/secars/x"), "W3SVC2/secars");
        assert_eq!(name(&apps, "u_ex.log", b"", b"/reporting"), "Symantec Web Server/");
    }

    #[test]
    fn one_log_of_all_sites_tells_the_site_in_each_row() {
        let site = |name: &str, id| limits::Site { name: name.into(), id, ..limits::Site::default() };
        let settings = Settings { sites: vec![site("Farm", 1), site("Intranet", 7)], iis6: true, ..Settings::default() };
        let apps = Applications::new(&settings, &[]);
        assert_eq!(name(&apps, "LogFiles/W3SVC/u_ex.log", b"W3SVC7", b"/x"), "Intranet/");
        assert_eq!(name(&apps, "LogFiles/W3SVC/u_ex.log", b"w3svc1", b"/secars/x"), "Farm/secars");
        assert_eq!(name(&apps, "LogFiles/W3SVC/u_ex.log", b"", b"/x"), "-/");
    }

    #[test]
    fn without_a_configuration_only_known_products_are_applications() {
        let apps = Applications::new(&Settings::default(), &["/shop".into()]);
        assert_eq!(name(&apps, "u_ex.log", b"", b"/some/folder/page.asp"), "-/");
        assert_eq!(name(&apps, "u_ex.log", b"W3SVC7", b"/Shop/x"), "W3SVC7/shop");
        assert_eq!(name(&apps, "logs/W3SVC3/u_ex.log", b"", b"/altiris/ns/Agent/GetClientPolicies.aspx"), "W3SVC3/Altiris/NS");
    }
}
