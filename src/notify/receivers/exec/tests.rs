//! A command is run for real, by /bin/sh.

use super::*;
use crate::environment::Environment;
use crate::notify::kit;
use crate::wording::message::Message;
use crate::wording::samples;

fn shell(script: &str) -> Config {
    Config {
        program: "/bin/sh".into(),
        arguments: vec!["-c".to_owned(), script.to_owned()],
        env: BTreeMap::from([("TOKEN".to_owned(), Value::Secret(kit::secret(kit::SECRET)))]),
        working_directory: "/".into(),
        timeout: Duration::from_secs(20),
    }
}

async fn run(config: &Config, message: &Message) -> Result<Delivered, DeliveryError> {
    let mut tools = kit::tools().await;
    let own = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", "/root"), ("AWS_SECRET_ACCESS_KEY", "not yours")];
    let own: Environment = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    tools.secrets = Arc::new(Resolver::new(own, None).unwrap());
    let notice = Notice { handle: Some("TICKET-7"), attempt: 3, ..kit::notice(message) };
    let answer = open(config, "page", &tools).unwrap().deliver(&notice).await;
    if let Err(error) = &answer {
        kit::is_clean("a command", error);
    }
    answer
}

fn said(answer: Result<Delivered, DeliveryError>) -> String {
    match answer {
        Ok(delivered) => format!("taken, {}", delivered.handle.unwrap_or_default()),
        Err(DeliveryError::Retry { why, .. }) => format!("retry: {why}"),
        Err(DeliveryError::Refused { why }) => format!("refused: {why}"),
    }
}

#[tokio::test]
async fn it_gets_the_notice_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let _held = std::fs::File::create(folder.path().join("held")).unwrap();
    let script = "cat > in; env | sort > env; ls -l /proc/self/fd > fds; pwd > cwd; echo ' TICKET-8 '; echo more";
    let mut config = shell(script);
    config.working_directory = folder.path().to_owned();
    config.env.insert("TEAM".to_owned(), Value::Text("a 'b' $c".to_owned()));
    for (name, message) in samples::messages() {
        assert_eq!(run(&config, &message).await.unwrap().handle.as_deref(), Some("TICKET-8"), "{name}");
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let input: serde_json::Value = serde_json::from_str(&read("in")).unwrap();
        assert_eq!(serde_json::from_value::<Message>(input["message"].clone()).unwrap(), message);
        let envelope = ["id", "group", "handle", "attempt"].map(|key| input[key].to_string());
        assert_eq!(envelope, [r#""ntc-0123456789abcdef""#, r#""grp-0123456789abcdef""#, r#""TICKET-7""#, "3"]);
        // The shell sets some by itself.
        let env = read("env");
        let names = env.lines().filter_map(|line| line.split_once('=').map(|(name, _)| name));
        let names: Vec<&str> = names.filter(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name)).collect();
        assert_eq!(names, ["HOME", "PATH", "TEAM", "TOKEN"]);
        assert!(env.contains("TEAM=a 'b' $c\n") && env.contains(&format!("TOKEN={}\n", kit::SECRET)));
        assert!(read("fds").contains("/fds") && !read("fds").contains("held"), "a file of ours: {}", read("fds"));
        assert_eq!(Path::new(read("cwd").trim()), folder.path().canonicalize().unwrap());
    }
}

#[tokio::test]
async fn its_exit_status_says_whether_it_has_it() {
    let message = samples::message(500);
    for (script, expected) in [
        ("exit 0", "taken, "),
        ("echo; echo id-1", "taken, id-1"),
        ("echo $TOKEN", "taken, "),
        ("head -c 100000 /dev/zero | tr '\\0' x", "taken, "),
        ("exit 75", "retry: the command failed (status 75)"),
        ("exit 1", "retry: the command failed (status 1)"),
        ("exit 127", "retry: the command failed (status 127)"),
        ("echo bad input >&2; exit 65", "refused: the command refused it (status 65): bad input"),
        ("exit 78", "refused: the command refused it (status 78)"),
        ("kill -9 $$", "retry: the command was killed (signal 9)"),
        (
            "printf '\\n\\033[31mno\\007 route\\nmore' >&2; exit 2",
            "retry: the command failed (status 2): \\u{1b}[31mno\\u{7} route",
        ),
        ("echo \"401 for $TOKEN\" >&2; exit 2", "retry: the command failed (status 2)"),
        ("yes | head -c 5000000 >&2; exit 3", "retry: the command failed (status 3): y"),
    ] {
        assert_eq!(said(run(&shell(script), &message).await), expected, "{script}");
    }
    // A secret that is cut in two where no more is kept.
    let cut = "head -c 8175 /dev/zero | tr '\\0' x >&2; echo $TOKEN >&2; exit 4";
    let cut = said(run(&shell(cut), &message).await);
    assert!(!cut.contains("whsec"), "{cut}");
    let long = said(run(&shell("head -c 9000 /dev/zero | tr '\\0' x >&2; exit 4"), &message).await);
    assert!(long.len() < 300, "{long}");
    let gone = Config { program: "/nowhere/page".into(), ..shell("") };
    assert!(said(run(&gone, &message).await).starts_with("retry: /nowhere/page cannot be started in /: "));
}

#[tokio::test]
async fn nothing_of_it_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let message = samples::message(1);
    let with = |script: &str| Config { working_directory: folder.path().to_owned(), ..shell(script) };
    // What it started and did not wait for.
    let quick = with("sleep 300 & echo $! > pid; echo id-1");
    let done = tokio::time::timeout(Duration::from_secs(15), run(&quick, &message));
    assert_eq!(said(done.await.unwrap()), "taken, id-1");
    is_gone(folder.path()).await;
    // It takes too long.
    let mut slow = with("sleep 300 & echo $! > pid; echo still waiting >&2; wait");
    slow.timeout = Duration::from_millis(500);
    let expected = "retry: the command took more than 0.5 s and was killed: still waiting";
    assert_eq!(said(run(&slow, &message).await), expected);
    is_gone(folder.path()).await;
    // Nobody waits any more.
    slow.timeout = Duration::from_secs(200);
    assert!(tokio::time::timeout(Duration::from_millis(700), run(&slow, &message)).await.is_err());
    is_gone(folder.path()).await;
}

/// The process that wrote its id there is no more, or a zombie.
async fn is_gone(folder: &Path) {
    let file = folder.join("pid");
    let pid = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    for _ in 0..50 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
        if status.is_empty() || status.contains("State:\tZ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{pid} lives");
}

#[test]
fn its_configuration_is_checked() {
    let checked = |text: &str| {
        let mut diagnostics = Diagnostics::new("driftd.yaml");
        let config = serde_saphyr::from_str::<Raw>(text).unwrap().validate(&mut diagnostics);
        (config, diagnostics.errors())
    };
    let (config, errors) = checked("command: [./page, '--team', infra]\nenv: {A: b, T: {file: token}}\ntimeout: 5s\n");
    let mut config = config.unwrap();
    config.resolve(Path::new("/etc/driftd"));
    assert_eq!((config.program.as_path(), errors), (Path::new("/etc/driftd/./page"), 0));
    assert_eq!(config.secrets(), [&SecretRef::File("/etc/driftd/token".into())]);
    assert_eq!((config.working_directory.as_path(), config.timeout.as_secs()), (Path::new("/"), 5));
    let (named, _) = checked("command: [page]\nworking_directory: jobs\n");
    let mut named = named.unwrap();
    named.resolve(Path::new("/etc/driftd"));
    assert_eq!(
        (named.program.as_path(), named.working_directory.as_path()),
        (Path::new("page"), Path::new("/etc/driftd/jobs"))
    );
    for wrong in [
        "command: []",
        "command: ['']",
        "command: [a]\ntimeout: 1h",
        "command: [a]\ntimeout: 0s",
        "command: [a]\nenv: {'A=B': c}",
    ] {
        assert_eq!(checked(wrong).1, 1, "{wrong}");
    }
}
