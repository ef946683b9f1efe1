//! Configuration files of the servers in the recordings.

use crate::recording::crlf;

/// A site of applicationHost.config: name, id, bindings and application paths.
pub struct Site<'a> {
    pub name: &'a str,
    pub id: u8,
    pub bindings: &'a [&'a str],
    pub applications: &'a [(&'a str, &'a str)],
}

/// An applicationHost.config that says nothing of `serverRuntime`, so that the default of 5000 holds.
pub fn application_host(sites: &[Site]) -> String {
    let mut lines: Vec<String> = [
        r#"<?xml version="1.0" encoding="UTF-8"?>"#,
        "<configuration>",
        "    <system.applicationHost>",
        "        <applicationPools>",
        r#"            <add name="DefaultAppPool" queueLength="1000" />"#,
        r#"            <applicationPoolDefaults queueLength="1000" />"#,
        "        </applicationPools>",
        r#"        <log centralLogFileMode="Site" logInUTF8="true" />"#,
        "        <sites>",
    ]
    .map(str::to_owned)
    .into();
    for site in sites {
        lines.extend(site.lines());
    }
    let tail = [
        "            <siteDefaults>",
        r#"                <logFile logFormat="W3C" directory="%SystemDrive%\inetpub\logs\LogFiles" />"#,
        "            </siteDefaults>",
        r#"            <applicationDefaults applicationPool="DefaultAppPool" />"#,
        "        </sites>",
        "    </system.applicationHost>",
        "    <system.webServer>",
        r#"        <urlCompression doStaticCompression="true" />"#,
        "    </system.webServer>",
        "</configuration>",
    ];
    lines.extend(tail.map(str::to_owned));
    crlf(lines)
}

impl Site<'_> {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(r#"            <site name="{}" id="{}" serverAutoStart="true">"#, self.name, self.id)];
        for (path, folder) in self.applications {
            lines.push(format!(r#"                <application path="{path}">"#));
            lines.push(format!(r#"                    <virtualDirectory path="/" physicalPath="{folder}" />"#));
            lines.push("                </application>".to_owned());
        }
        lines.push("                <bindings>".to_owned());
        for binding in self.bindings {
            lines.push(format!(r#"                    <binding protocol="http" bindingInformation="{binding}" />"#));
        }
        lines.extend(["                </bindings>", "            </site>"].map(str::to_owned));
        lines
    }
}

/// The site of Symantec Endpoint Protection Manager 11.
pub const SEPM: Site = Site {
    name: "Symantec Web Server",
    id: 1,
    bindings: &["127.0.0.1:80:", "*:8014:"],
    applications: &[
        ("/", r"D:\SEPM\Inetpub\wwwroot"),
        ("/secars", r"D:\SEPM\Inetpub\secars"),
        ("/secreg", r"D:\SEPM\Inetpub\secreg"),
        ("/reporting", r"D:\SEPM\Inetpub\Reporting"),
        ("/content", r"D:\SEPM\Inetpub\content"),
        ("/clientpackages", r"D:\SEPM\Inetpub\ClientPackages"),
    ],
};

/// CoreSettings.config of Notification Server 6.0 SP2: the slots as they come, among neighbours.
pub fn core_settings() -> String {
    crlf([
        r#"<?xml version="1.0" encoding="utf-8"?>"#,
        "<coreSettings>",
        "  <!-- Both GetClientPolicies and GetPackageInfo count against MaxConcurrentConfigRequests. -->",
        r#"  <customSetting key="MaxConcurrentConfigRequests" type="registry" regKey="Notification Server" regValue="MaxConcurrentConfigRequests" defaultValue="50" regValueType="DWORD" />"#,
        r#"  <customSetting key="LogPackageInfoEvents" type="registry" regKey="Notification Server" regValue="LogPackageInfoEvents" defaultValue="0" regValueType="DWORD" />"#,
        r#"  <customSetting key="PackageInfoCacheMinutes" type="registry" regKey="Notification Server" regValue="PackageInfoCacheMinutes" defaultValue="30" regValueType="DWORD" />"#,
        r#"  <customSetting key="EventQueueFolder" type="local" value="%InstallDir%\NSCap\EvtQueue" />"#,
        r#"  <customSetting key="MaxConcurrentSlowMsgs" type="local" value="2" />"#,
        r#"  <customSetting key="MaxConcurrentFastMsgs" type="local" value="5" />"#,
        "</coreSettings>",
    ])
}
