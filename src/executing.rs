//! The requests that IIS executes at this moment, as `appcmd list requests` prints them. No log has them: IIS writes a row when a
//! request ends.
//!
//! With `/xml` every request is an element `REQUEST` whose attributes are read by name: `Time` (milliseconds), `Verb`, `Url`,
//! `ClientIp`, `Stage`, `Module` (or `ModuleName`), `APPPOOL.NAME`, `SITE.ID`, `WP.NAME`. Without it a request is a line, which two
//! published examples spell with and without spaces behind the commas:
//!
//! ```text
//! REQUEST "f200000280000777" (url:GET /a.aspx, time:29071 msec, client:localhost, stage:ExecuteRequestHandler, module:X)
//! ```
//!
//! Whoever sends a request chooses its URL, which may look like any of that.

use std::collections::BTreeMap;

use crate::formats::xml::{Element, Reading, walk};
use crate::limits::Settings;

/// Requests that are kept: more fit into no output that is read.
const MOST: usize = 20_000;

/// A request that is being executed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// How long it has been executed, in milliseconds.
    pub millis: u64,
    /// `GET`, `POST`.
    pub verb: String,
    /// Its URL with the query.
    pub url: String,
    /// Who sent it.
    pub client: String,
    /// The stage of the pipeline that it is in; empty where it is not told.
    pub stage: String,
    /// The module that has it.
    pub module: String,
    /// Its application pool.
    pub pool: String,
    /// The number of its site.
    pub site: Option<u32>,
}

/// What appcmd printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// The requests, those that have been executed longest first.
    pub requests: Vec<Request>,
    /// What of the output could not be read, if anything.
    pub remark: Option<String>,
}

impl Listed {
    /// How many requests are in which stage and module, the most first.
    #[must_use]
    pub fn places(&self) -> Vec<(usize, &str, &str)> {
        let mut counts = BTreeMap::<(&str, &str), usize>::new();
        for request in &self.requests {
            *counts.entry((&request.stage, &request.module)).or_default() += 1;
        }
        let mut places: Vec<(usize, &str, &str)> = counts.into_iter().map(|((stage, module), n)| (n, stage, module)).collect();
        places.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        places
    }
}

/// Reads what appcmd printed, in either form. `cut` tells that it printed more.
///
/// # Errors
/// What appcmd says that it cannot do, with what helps.
pub fn read(output: &[u8], cut: bool) -> Result<Listed, String> {
    let text = String::from_utf8_lossy(output);
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut listed = if text.starts_with('<') { of_xml(text, cut)? } else { of_text(text, cut)? };
    listed.requests.sort_by_key(|request| std::cmp::Reverse(request.millis));
    Ok(listed)
}

/// What was printed that is no list: what it means, and what helps.
#[must_use]
pub fn refusal(said: &str) -> String {
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = said.chars().take(300).collect();
    let denied = ["80070005", "permission", "denied"].iter().any(|word| said.to_lowercase().contains(word));
    if denied {
        format!("appcmd may not: run why503 from an elevated prompt (Run as administrator). It says: {short}")
    } else {
        format!("appcmd lists no request; it needs an elevated prompt and {FEATURE}. It says: {short}")
    }
}

/// Why IIS cannot be asked from here, where it cannot: in a replay, or elsewhere than on Windows.
#[must_use]
pub fn impossible(is_live: bool, is_windows: bool) -> Option<&'static str> {
    match (is_live, is_windows) {
        (false, _) => Some("x works live on the server itself: a log has no request that is still running"),
        (true, false) => Some("x works on the Windows server itself, where IIS's appcmd is: no log has requests still running"),
        (true, true) => None,
    }
}

/// What has to be installed for IIS to tell what it executes, and how.
pub const FEATURE: &str = "the Request Monitor of IIS (dism /online /enable-feature /featurename:IIS-RequestMonitor)";

fn of_xml(text: &str, cut: bool) -> Result<Listed, String> {
    let mut found = Found::default();
    let walked = walk(text, &mut found);
    if let Some(said) = found.error {
        return Err(refusal(&said));
    }
    let remark = match walked {
        Ok(()) => None,
        Err(_) if cut => Some(format!("appcmd printed more than was read: only {} requests are shown", found.requests.len())),
        Err(fault) => Some(format!("what appcmd printed cannot be read to its end: {}", fault.why)),
    };
    Ok(Listed { requests: found.requests, remark })
}

/// What the elements tell.
#[derive(Default)]
struct Found {
    requests: Vec<Request>,
    error: Option<String>,
}

impl Reading for Found {
    fn element(&mut self, path: &[&str], element: &Element<'_>) {
        let text = |name: &str| element.get(name).unwrap_or_default();
        match path.last() {
            Some(name) if name.eq_ignore_ascii_case("REQUEST") && self.requests.len() < MOST => {
                let module = Some(text("Module")).filter(|module| !module.is_empty());
                self.requests.push(Request {
                    millis: element.number("Time").unwrap_or(0),
                    verb: text("Verb"),
                    url: text("Url"),
                    client: text("ClientIp"),
                    stage: text("Stage"),
                    module: module.unwrap_or_else(|| text("ModuleName")),
                    pool: text("APPPOOL.NAME"),
                    site: element.number("SITE.ID"),
                });
            }
            Some(name) if name.eq_ignore_ascii_case("ERROR") => self.error = Some(text("message")),
            _ => {}
        }
    }

    /// There are none in it.
    fn settings(self) -> Settings {
        Settings::default()
    }
}

fn of_text(text: &str, cut: bool) -> Result<Listed, String> {
    let mut listed = Listed::default();
    let mut strange = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match of_line(line) {
            Some(request) if listed.requests.len() < MOST => listed.requests.push(request),
            Some(_) => {}
            None if line.starts_with("ERROR") => return Err(refusal(text)),
            None => strange += 1,
        }
    }
    if listed.requests.is_empty() && strange > 0 {
        return Err(refusal(text));
    }
    if cut {
        listed.remark = Some(format!("appcmd printed more than was read: only {} requests are shown", listed.requests.len()));
    } else if strange > 0 {
        listed.remark = Some(format!("{strange} of appcmd's lines are no requests"));
    }
    Ok(listed)
}

/// `REQUEST "id" (url:GET /a, time:5 msec, client:::1, stage:BeginRequest, module:X)`
fn of_line(line: &str) -> Option<Request> {
    let (_, rest) = line.strip_prefix("REQUEST \"")?.split_once('"')?;
    let inner = rest.trim().strip_prefix("(url:")?.strip_suffix(')')?;
    // The last one is appcmd's: those before stand in the URL.
    let (url, rest) = inner.rmatch_indices("time:").find_map(|(at, _)| {
        let (url, rest) = (inner.get(..at)?.trim_end().strip_suffix(',')?, inner.get(at + 5..)?);
        Some((url, rest)).filter(|_| rest.starts_with(|c: char| c.is_ascii_digit()))
    })?;
    let (time, rest) = rest.split_once(" msec").unwrap_or((rest, ""));
    let mut request = Request { millis: time.trim().parse().ok()?, ..Request::default() };
    (request.verb, request.url) = match url.split_once(' ') {
        Some((verb, url)) => (verb.to_owned(), url.to_owned()),
        None => (String::new(), url.to_owned()),
    };
    for part in rest.split(',') {
        match part.trim().split_once(':') {
            Some(("client", client)) => client.clone_into(&mut request.client),
            Some(("stage", stage)) => stage.clone_into(&mut request.stage),
            Some(("module", module)) => module.clone_into(&mut request.module),
            _ => {}
        }
    }
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_are_read_by_name_and_the_longest_stands_first() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
<appcmd>
    <REQUEST REQUEST.NAME="f1" Url="/secars/secars.dll?h=1&amp;x=&quot;,&quot;" Verb="POST" ClientIp="10.0.0.1" Stage="ExecuteRequestHandler" Module="IsapiModule" Time="812" SITE.ID="1" WP.NAME="4711" APPPOOL.NAME="SepmPool" />
    <REQUEST Time="30465" ModuleName="ManagedPipelineHandler" Stage="ExecuteRequestHandler" Verb="GET" Url="/a" />
</appcmd>"#;
        let listed = read(xml.as_bytes(), false).unwrap();
        let [first, second] = &listed.requests[..] else { panic!("{listed:?}") };
        assert_eq!(
            (first.millis, first.module.as_str(), first.site, first.pool.as_str()),
            (30_465, "ManagedPipelineHandler", None, "")
        );
        assert_eq!((second.url.as_str(), second.client.as_str()), ("/secars/secars.dll?h=1&x=\",\"", "10.0.0.1"));
        assert_eq!((second.site, second.pool.as_str(), second.verb.as_str()), (Some(1), "SepmPool", "POST"));
        assert_eq!(listed.remark, None);
    }

    #[test]
    fn no_request_is_a_list_too_and_a_cut_one_says_so() {
        for empty in ["", "  \r\n", "<?xml version=\"1.0\"?><appcmd></appcmd>", "<appcmd/>"] {
            assert_eq!(read(empty.as_bytes(), false), Ok(Listed::default()), "{empty}");
        }
        let cut = read(b"<appcmd><REQUEST Time=\"5\" Url=\"/a\"/><REQUEST Time=\"7\" Url=\"/b", true).unwrap();
        assert_eq!((cut.requests.len(), cut.remark.is_some()), (1, true));
        let broken = read(b"<appcmd><REQUEST Time=\"5\" Url=\"/a\"/></other>", false).unwrap();
        assert_eq!((broken.requests.len(), broken.remark.is_some()), (1, true));
    }

    #[test]
    fn both_spellings_of_the_lines_are_read() {
        let lines = "REQUEST \"fb0000008000000e\" (url:GET /wait.aspx?time=10000,time:4276 msec,client:localhost)\r\n\
                     REQUEST \" fa0000\" (url:POST /loop.php, time:28400 msec, client:::1, stage:ExecuteRequestHandler, module:FastCgiModule)\r\n";
        let listed = read(lines.as_bytes(), false).unwrap();
        let [loops, waits] = &listed.requests[..] else { panic!("{listed:?}") };
        assert_eq!((waits.verb.as_str(), waits.url.as_str(), waits.millis), ("GET", "/wait.aspx?time=10000", 4276));
        assert_eq!(
            (loops.client.as_str(), loops.stage.as_str(), loops.module.as_str()),
            ("::1", "ExecuteRequestHandler", "FastCgiModule")
        );
        assert_eq!(listed.places(), [(1, "", ""), (1, "ExecuteRequestHandler", "FastCgiModule")]);
    }

    #[test]
    fn a_url_that_looks_like_the_rest_of_the_line_is_a_url() {
        let line = "REQUEST \"1\" (url:GET /a,time:999999 msec,client:evil, stage:Fake,b c)\" (x, time:12 msec, client:10.1.1.1)";
        let listed = read(line.as_bytes(), false).unwrap();
        let [request] = &listed.requests[..] else { panic!("{listed:?}") };
        assert_eq!((request.millis, request.client.as_str(), request.stage.as_str()), (12, "10.1.1.1", ""));
        assert_eq!(request.url, "/a,time:999999 msec,client:evil, stage:Fake,b c)\" (x");
        for torn in [
            "REQUEST \"",
            "REQUEST \"1\" (url:)",
            "REQUEST \"1\" (url:GET /,time:)",
            "REQUEST \"1\" (url:GET /,time:9)x",
            "\u{fffd}",
        ] {
            assert!(read(torn.as_bytes(), false).is_err(), "{torn}");
        }
        let _ = read(&[b'<'; 5000], false);
        let deep = "<a>".repeat(5000);
        assert!(read(deep.as_bytes(), false).unwrap().remark.is_some());
    }

    #[test]
    fn only_a_live_view_on_the_server_asks_iis() {
        assert!(impossible(false, true).is_some_and(|why| why.contains("a log has no request that is still running")));
        assert!(impossible(true, false).is_some_and(|why| why.contains("Windows server")));
        assert_eq!(impossible(true, true), None);
    }

    #[test]
    fn what_appcmd_cannot_do_is_told_with_what_helps() {
        let denied = "ERROR ( hresult:80070005, message:Command execution failed.\r\nAccess is denied.\r\n )";
        assert!(read(denied.as_bytes(), false).unwrap_err().contains("elevated prompt"));
        let xml = r#"<appcmd><ERROR message="Cannot find REQUEST object."/></appcmd>"#;
        let told = read(xml.as_bytes(), false).unwrap_err();
        assert!(told.contains("IIS-RequestMonitor") && told.contains("Cannot find REQUEST object."), "{told}");
    }
}
