//! Logs of every kind with secrets in every place that has some.

use why503::formats::Kind;

/// What stands for a secret in [`LOGS`], and the secret.
const SEEDS: [(&str, &str); 23] = [
    ("{v4}", "10.66.77.88"),
    ("{proxy}", "172.29.31.37"),
    ("{v6}", "fe80::66:77:88ab"),
    ("{user}", "SEEDCORP\\Seed.Ann"),
    ("{upn}", "seed.bob@seedcorp.example"),
    ("{mail}", "seed+carl@mail.example"),
    ("{query}", "SeedQuery"),
    ("{bare}", "SeedBare"),
    ("{cookie}", "SeedCookie1"),
    ("{password}", "SeedPassw0rd!"),
    ("{jwt}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzZWVkIn0.SeedSignature-x_y"),
    ("{hex}", "5eed0123456789abcdef5eed01234567"),
    ("{base64}", "U2VlZDEyM0FiQ2RFZjQ1Ng"),
    ("{guid}", "5EEDAB1E-D9CB-469F-A165-70867728950E"),
    ("{sid}", "S-1-5-21-1004336348-5550001-682003330-512"),
    ("{pc}", "SEED-PC-0815"),
    ("{profile}", "Seed Dora"),
    ("{mac}", "00-5E-ED-11-3A-B7"),
    ("{custom}", "SeedCustom"),
    ("{login}", "seedlogin"),
    ("{person}", "Seed Frida"),
    ("{fqdn}", "seed-sql01.seedcorp.example"),
    ("{share}", "seedserver"),
];

/// A log of each kind that may hold secrets.
pub const LOGS: &[(Kind, &str)] = &[
    (
        Kind::W3c,
        "#Software: Microsoft Internet Information Services 8.5\r\n\
         #Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken X-Forwarded-For X-Department\r\n\
         2009-10-12 08:00:01 10.2.0.5 GET /first/default.aspx user={query}&mail={mail}&{bare}&action=36 443 {user} {v4} Mozilla/5.0+(X;+Chrome/120.0.0.0;+{v4};+{mail};+{guid}) ASP.NET_SessionId={cookie};+a=b https://ann:{password}@web01/x?q={query}#t={bare} {fqdn} 503 2 0 1405 242 283 {v4},+{proxy}:8080 {custom}\r\n\
         2009-10-12 08:00:02 10.2.0.5 GET /second/(S({base64}))/{hex}/{jwt} - 443 {upn} {v6}%12 Smc - http://{v4}:8080/a;id={query}/b?{bare} web01 200 0 0 1405 242 30283 {v6} -\r\n\
         #Remark: asked by {mail} from {v4}\r\n\
         2009-10-12 08:00:03 {v4} {user} {query} {bare}\r\n\
         2009-10-12 08:00:04 10.2.0.5 GET /{guid}/%7B{guid}%7D/{mail} {jwt} 443 {sid} {v4} {jwt} {cookie} - web01 200 0 0 1 2 3 for={v4};proto=https {proxy}\r\n\
         2009-10-12 08:00:05 10.2.0.5 GET /cut {query} 443 {user} {v4}\r\n\
         2009-10-12 08:00:06 10.2.0.5 GET /Users/{login}/x/~{login}/home/{login}/\\\\{share}\\s?late={query} - 443 - {v4} App/1.0+(user={login};+host={pc};+login=Seed+Frida)+SEEDCORP\\{login}+FBAV/252.246.179.79.273+rv:1.9.0.20+http://{v4}/ - https://web01/users/{login}/p web01 200 0 0 1 2 3 - -\r\n\
         #Remark: asked by user: {person}\r\n",
    ),
    (
        Kind::HttpErr,
        "#Software: Microsoft HTTP API 2.0\r\n\
         #Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri cs(Cookie) sc-status s-siteid s-reason s-queuename\r\n\
         2009-10-12 08:00:01 {v4} 4010 10.2.0.5 443 HTTP/1.1 GET /altiris/ns/agent/getclientpolicies.aspx?xml={query}&guid=%7B{guid}%7D {cookie} 503 2 QueueFull NS\r\n\
         2009-10-12 08:00:02 {v6}%12 4011 10.2.0.5 443 HTTP/1.1 GET /..\\..\\{hex}?{bare} - 403 - Forbidden -\r\n\
         2009-10-12 08:00:02 {v4} 4011 10.2.0.5 443 HTTP/1.1 GET http://a:{password}@{v4}/{jwt}?u={user}#{mail} - 400 - URL -\r\n\
         2009-10-12 08:00:03 - - - - - - - - - - - 3_Connections_Refused -\r\n\
         2009-10-12 08:00:04 {v4} {user} GET /x?{query}\r\n\
         2009-10-12 08:00:05 {v4} 4012 10.2.0.5 443 HTTP/1.1 GET /home/{login}/a.aspx?{bare} - 503 2 QueueFull NS\r\n",
    ),
    (
        Kind::Sepm,
        "at before.stamp {v4} {upn}\r\n\
         2009-10-12 07:58:00.001 INFO: Server started\r\n\
         2009-10-12 08:01:15.250 SEVERE: client {v4} [{v6}%12]:8014 user={user}, mail {mail}, {upn}\r\n\
         java.lang.Exception: HTTP 503 Service Unavailable, URL: http://localhost/secars/secars.dll?action=36&h={hex}&{bare}\r\n\
         \tat com.sygate.scm.x(Y.java:12) password: \"{password}\" Authorization: Bearer {jwt}\r\n\
         ErrorCode: 0x10010000 Computer Name: {pc}, MAC {mac}, GUID {guid}, account {user}\r\n\
         2009-10-12 08:02:00.000 THREAD 25 WARNING: \\\\{pc}\\c$\\x C:\\Users\\{profile}\\a.log token={base64} {base64} for {sid} cookie: {cookie}; {custom}\r\n\
         http://{pc}:{password}@{v4}/secars?q={query} sent by {proxy}\r\n\
         2009-10-12 08:03:00.000 INFO: Client {v4} {pc} user {login} domain SEEDCORP connected; User: {login} Domain: SEEDCORP Computer: {pc}\r\n\
         Logged on user: {person}, host {pc}, from {fqdn} server {fqdn} name={fqdn} http://{fqdn}/users/{login}/p \\\\{share}\\x /home/{login}/\r\n\
         \tat com.sygate.scm.server.util.Communicator.send(Communicator.java:120)\r\n",
    ),
    (
        Kind::Altiris,
        "<event date=\"06/02/2008 09:15:30.2500000 +00:00\" severity=\"8\" hostName=\"{pc}\" source=\"Altiris.NS.GetPackageInfo\" module=\"w3wp.exe\" process=\"w3wp\" pid=\"1200\" tickCount=\"1234567\"><![CDATA[The maximum number of package info requests has been reached. Tune the core setting \"MaxConcurrentConfigRequests\" for optimal performance. (Max: 50)]]></event>\r\n\
         <event date=\"06/02/2008 09:15:32.0000000 +00:00\" severity=\"1\" hostName='{pc}' source=\"Altiris.NS.Agent\" module=\"w3wp.exe\" process=\"w3wp\"><![CDATA[Unable to process client request from: {v4}/HEAD/8.6.2184.0 (Unable to process request, 0x80056007)]]></event>\r\n\
         <event date=\"06/02/2008 09:15:33.0000000 +00:00\" severity=\"1\" source=\"a\" module=\"b\" process=\"c\"><![CDATA[request from: {pc}/HEAD/8.6.2184.0\r\n\
         GET http://ns01/altiris/ns/agent/xml?guid={guid}&user={query}&{bare}]]></event> <event date=\"06/02/2008 09:15:34.0000000 +00:00\" user=\"{user}\" severity=\"4\">\r\n\
         for {user} ({upn}), {mail}, computer &quot;{pc}&quot; &lt;password&gt;; password=&apos;{password}&apos; ResourceGuid={{guid}} http://ns/a?x={query}&amp;y={bare}\r\n\
         <![CDATA[C:\\Users\\{profile}\\x, \\\\{pc}\\share, [{v6}%12], {proxy}:80, {jwt}, {hex}, {base64}, {sid}, {mac}, <user>{user}</user> <b>User: {person}</b> <user>{person}</user> &lt;user&gt;{person}&lt;/user&gt; host {pc}, server {fqdn}, \\\\{share}\\a /home/{login}/ Cookie: {cookie}]]></event>\r\n\
         junk from {v4}\r\n",
    ),
    (
        Kind::ApplicationHost,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- {password} {user}\r\n {bare} -->\r\n<configuration>\r\n\
         <system.applicationHost><applicationPools><add name=\"Pool &amp; Co\" queueLength=\"5000\">\r\n\
         <processModel identityType=\"SpecificUser\" userName=\"{user}\"\r\n password=\"{password}\" /></add></applicationPools>\r\n\
         <sites><site name=\"Web\" id=\"7\"><application path=\"/a\" applicationPool=\"Pool &amp; Co\">\r\n\
         <virtualDirectory path=\"/\" physicalPath=\"C:\\Users\\{profile}\\site\" userName='{upn}' password='{password}'/>\
         <virtualDirectory path=\"/b\" physicalPath=\"\\\\{share}\\web\\{login}\" /><virtualDirectory path=\"/c\" physicalPath=\"\\share\\{login}\" /></application>\r\n\
         <bindings><binding protocol=\"http\" bindingInformation=\"*:80:{fqdn}\" /><binding protocol=\"https\" bindingInformation=\"{v4}:443:{pc}\" /></bindings>\
         <logFile logFormat=\"W3C\" directory=\"D:\\Logs\" /><limits maxConnections=\"1024\" /></site></sites></system.applicationHost>\r\n\
         <location path=\"Web/a\"><system.webServer><serverRuntime appConcurrentRequestLimit=\"7000\" />\r\n\
         <security><ipSecurity><add ipAddress=\"{v4}\" allowed=\"true\" /><add ipAddress=\"{v6}\" /></ipSecurity></security>\r\n\
         <environmentVariable name=\"ApiKey\" value=\"{cookie}\" /><add value='{custom}' key='ClientSecret'/></system.webServer></location>\r\n\
         <connectionStrings><add name=\"db\" connectionString=\"Server=x;User={user};Password={password}\" /></connectionStrings>\r\n\
         <machineKey validationKey=\"{hex}\" decryptionKey='{base64}' /><x>{jwt} <![CDATA[{bare}]]></x><y mail=\"{mail}\" url=\"http://h/?q={query}\" id2=\"{guid}\"/>\r\n\
         </configuration>\r\n",
    ),
    (
        Kind::CoreSettings,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<configuration>\r\n<!-- {password} -->\r\n\
         <customSetting key=\"MaxConcurrentConfigRequests\" type=\"registry\" regKey=\"Notification Server\" defaultValue=\"30\" />\r\n\
         <customSetting key=\"AppIdentityPassword\" type=\"local\" value=\"{password}\" /><customSetting value=\"{cookie}\" key=\"LicenseKey\"/>\r\n\
         <customSetting key=\"AppIdentity\" type=\"local\" value=\"{user}\" /><customSetting key=\"Mail\" value=\"{mail}\" server=\"{v4}\"/>\r\n\
         </configuration>\r\n",
    ),
    (
        Kind::PdhCsv,
        "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\{pc}\\Memory\\Pool Nonpaged Bytes\",\"\\\\{pc}\\LogicalDisk(C:)\\Free Megabytes\"\r\n\
         \"10/12/2009 08:00:01.000\",\"104857600\",\"2048\"\r\n\
         \"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\{fqdn}\\Memory\\Pool Nonpaged Bytes\",\"\\\\{v4}\\W3SVC_W3WP(12_Pool)\\Active Requests\",\"asked by {mail}\"\r\n\
         \"10/12/2009 08:00:02.000\",\"104857700\",\"12\",\"\"\r\n\
         Exiting, please wait...\r\n",
    ),
];

/// A log with its secrets.
pub fn filled(log: &str) -> String {
    SEEDS.iter().fold(log.to_owned(), |log, (seed, secret)| log.replace(seed, secret))
}

/// What must not survive: the secrets, and the parts of those that have some.
pub fn secrets() -> Vec<&'static str> {
    let parts =
        ["SEEDCORP", "Seed.Ann", "seed.bob", "seed+carl", "seedcorp.example", "Seed Dora", "Frida", "SeedSignature", "eyJzdWIi"];
    SEEDS.iter().map(|(_, secret)| *secret).chain(parts).collect()
}

/// Whether a log of a kind has a secret at all.
pub fn is_in(kind: Kind, secret: &str) -> bool {
    kind == Kind::W3c
        && ["10.66", "SeedCookie", "SeedCustom", "SEEDCORP", "seedlogin", "seedserver"]
            .iter()
            .any(|part| secret.starts_with(part))
}

/// What must survive.
pub fn kept(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::W3c => &[
            " 10.2.0.5 GET /first/default.aspx user=",
            "&action=36 443 ",
            "Chrome/120.0.0.0",
            " 503 2 0 1405 242 283 ",
            "+FBAV/252.246.179.79.273+rv:1.9.0.20+",
        ],
        Kind::HttpErr => {
            &[" 4010 10.2.0.5 443 HTTP/1.1 GET /altiris/ns/agent/getclientpolicies.aspx?xml=", " 503 2 QueueFull NS"]
        }
        Kind::Sepm => &[
            "URL: http://localhost/secars/secars.dll?action=36&h=",
            "ErrorCode: 0x10010000",
            "Y.java:12",
            "\tat com.sygate.scm.server.util.Communicator.send(",
        ],
        Kind::Altiris => {
            &["(Max: 50)", "/HEAD/8.6.2184.0 (Unable to process request, 0x80056007)", "pid=\"1200\" tickCount=\"1234567\">"]
        }
        Kind::ApplicationHost => &[
            "<application path=\"/a\" applicationPool=\"Pool &amp; Co\">",
            "directory=\"D:\\Logs\"",
            "physicalPath=\"C:\\",
            "bindingInformation=\"*:80:",
            "identityType=\"SpecificUser\"",
        ],
        Kind::PdhCsv => &["\\LogicalDisk(C:)\\Free Megabytes\"", "\"10/12/2009 08:00:02.000\",\"104857700\",\"12\""],
        _ => &["key=\"MaxConcurrentConfigRequests\" type=\"registry\" regKey=\"Notification Server\" defaultValue=\"30\""],
    }
}
