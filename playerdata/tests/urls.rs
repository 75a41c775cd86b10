//! Which addresses name a store, and what is said of those that do not.

use playerdata::{Config, InvalidStoreUrl, OpenError, StoreUrl};

fn refused(text: &str) -> String {
    match text.parse::<StoreUrl>() {
        Ok(url) => panic!("{text}: {url}"),
        Err(error) => error.to_string(),
    }
}

#[test]
#[cfg(feature = "sqlite")]
fn the_rest_of_an_sqlite_address_is_the_path() {
    let url: StoreUrl = "sqlite:a b/c:d.db".parse().unwrap();
    assert_eq!(url, StoreUrl::Sqlite("a b/c:d.db".into()));
    assert_eq!(url.to_string(), "sqlite:a b/c:d.db");
}

#[test]
fn a_path_without_a_scheme_is_answered_with_the_suggestion() {
    for path in ["players.db", "./a:b/players.db", "C:\\players.db", "/x"] {
        let told = refused(path);
        assert!(
            told.ends_with(&format!("did you mean sqlite:{path}?")),
            "{told}"
        );
    }
    // A password is shown to nobody.
    assert!(!refused("10.0.0.7:pass@host").contains("pass"));
    assert!(!refused(":pass@host").contains("pass"));
}

#[test]
fn an_unknown_scheme_is_named_with_those_that_there_are() {
    let told = refused("mysql://localhost");
    assert!(
        told.contains("\"mysql\"") && told.contains("dynamodb://TABLE"),
        "{told}"
    );
    assert!(refused("SQLITE:x").contains("\"SQLITE\""));
}

#[test]
fn a_scheme_whose_feature_is_off_names_the_feature() {
    let off = [
        ("sqlite:x", "sqlite", cfg!(feature = "sqlite")),
        ("memory:", "memory", cfg!(feature = "memory")),
        ("redis://localhost", "redis", cfg!(feature = "redis")),
        (
            "redis+sentinel://localhost/a",
            "redis",
            cfg!(feature = "redis"),
        ),
        (
            "rediss://localhost",
            "redis-tls",
            cfg!(feature = "redis-tls"),
        ),
        (
            "rediss+sentinel://localhost/a",
            "redis-tls",
            cfg!(feature = "redis-tls"),
        ),
        ("dynamodb://players", "dynamodb", cfg!(feature = "dynamodb")),
    ];
    for (url, needed, is_on) in off {
        match url.parse::<StoreUrl>() {
            Err(InvalidStoreUrl::FeatureDisabled { feature, .. }) => {
                assert!(!is_on, "{url}");
                assert_eq!(feature, needed, "{url}");
            }
            other => assert!(is_on, "{url}: {other:?}"),
        }
    }
}

#[test]
#[cfg(all(feature = "sqlite", feature = "memory"))]
fn an_address_that_is_not_whole_says_what_it_should_be() {
    assert!(refused("").contains("sqlite:PATH"));
    assert!(refused("sqlite:").contains("sqlite:PATH"));
    assert!(refused("memory").contains("memory:"));
    assert!(refused("memory:x").contains("memory:"));
}

#[tokio::test]
#[cfg(feature = "sqlite")]
async fn a_file_that_can_not_be_opened_is_named_with_the_reason() {
    let error = playerdata::open("sqlite:no/such/folder/players.db")
        .await
        .unwrap_err();
    assert!(matches!(error, OpenError::Sqlite { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "could not open sqlite:no/such/folder/players.db"
    );
    assert!(std::error::Error::source(&error).is_some());
    // What a program prints that returns it from `main`.
    let printed = format!("{error:?}");
    assert!(printed.starts_with(&format!("{error}: ")), "{printed}");
    assert!(!printed.contains('{'), "{printed}");
    let error = playerdata::open("players.db").await.unwrap_err();
    assert!(matches!(
        error,
        OpenError::Url(InvalidStoreUrl::NoScheme { .. })
    ));
}

#[test]
#[cfg(feature = "sqlite")]
fn everything_wrong_with_a_deployment_is_in_one_error() {
    let variables = [
        ("PLAYERDATA_STORE", "players.db"),
        ("PLAYERDATA_SERVER", "a server"),
        ("PLAYERDATA_LOCK_EXPIRY", "1s"),
        ("PLAYERDATA_STORES", "x"),
        ("PATH", "/bin"),
    ];
    let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let error = Config::from_layers(None::<&str>, variables).unwrap_err();
    let told = error.to_string();
    for part in [
        "PLAYERDATA_STORE: ",
        "sqlite:players.db",
        "PLAYERDATA_SERVER: ",
        "lock_expiry",
        "PLAYERDATA_STORES: there is no such setting",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.lines().count(), 4, "{told}");
}

#[tokio::test]
#[cfg(feature = "sqlite")]
async fn a_config_starts_a_server_under_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "save_attempts = 5").unwrap();
    let path = folder.path().join("players.db");
    let variables = [
        ("PLAYERDATA_STORE", format!("sqlite:{}", path.display())),
        ("PLAYERDATA_SERVER", "eu-1".to_owned()),
        ("PLAYERDATA_LOCK_EXPIRY", "90s".to_owned()),
    ];
    let variables = variables.map(|(name, text)| (name.to_owned(), text));
    let config = Config::from_layers(Some(file), variables).unwrap();
    let manager = config.builder().await.unwrap().start().await.unwrap();
    assert_eq!(manager.server().name.as_str(), "eu-1");
    assert_eq!(manager.settings().save_attempts, 5);
    assert_eq!(manager.settings().lock_expiry.as_secs(), 90);
    assert!(path.exists());
}

#[test]
#[cfg(feature = "redis")]
fn a_password_is_in_no_message() {
    let url: StoreUrl = "redis://u:p%40ss@localhost:1".parse().unwrap();
    assert_eq!(url.to_string(), "redis://localhost:1");
    assert!(!format!("{url:?}").contains("p%40ss"));
}
