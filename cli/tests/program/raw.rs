//! What is stored, byte for byte: seen, and damaged, past the library.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    primitives::Blob,
    types::AttributeValue,
};
use playerdata_process::Folder;
use redis::FromRedisValue;
use rusqlite::types::Value;
use tokio::runtime::Runtime;

/// What is done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// A bit of each byte of its beginning is another one.
    Flipped,
    /// The second half is missing.
    Half,
    /// Another program has put something else in its place.
    Foreign,
    /// What is kept beside the document makes no sense.
    Envelope,
}

impl Damage {
    pub(crate) const ALL: [Self; 4] = [Self::Flipped, Self::Half, Self::Foreign, Self::Envelope];

    fn of_body(self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::Flipped => {
                let flipped = body.iter().take(8).map(|byte| byte ^ 0x80);
                flipped.chain(body.iter().skip(8).copied()).collect()
            }
            Self::Half => body[..body.len() / 2].to_vec(),
            Self::Foreign => b"another program's".to_vec(),
            Self::Envelope => br#"{"Currency":7,"$playerdata":["nonsense"]}"#.to_vec(),
        }
    }
}

/// The raw bytes of a folder's store.
pub(crate) enum Raw {
    Sqlite(rusqlite::Connection),
    Redis { url: String, namespace: String },
    DynamoDb(Box<Table>),
}

pub(crate) struct Table {
    client: Client,
    runtime: Runtime,
}

type Item = HashMap<String, AttributeValue>;

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn bytes(value: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

impl Raw {
    pub(crate) fn of(folder: &Folder) -> Self {
        let Some(address) = folder.store().address() else {
            let file = folder.path().join("players.db");
            let file = rusqlite::Connection::open(file).expect("the file is a database");
            return Self::Sqlite(file);
        };
        if let Some(endpoint) = address.strip_prefix("dynamodb://players?endpoint=") {
            let config = aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .endpoint_url(endpoint)
                .credentials_provider(Credentials::new("test", "test", None, None, "test"));
            return Self::DynamoDb(Box::new(Table {
                client: Client::from_conf(config.build()),
                runtime: Runtime::new().expect("a runtime can be made"),
            }));
        }
        let (url, namespace) = match address.split_once("?namespace=") {
            Some((url, namespace)) => (url, namespace),
            None => (address, "playerdata"),
        };
        Self::Redis {
            url: url.to_owned(),
            namespace: namespace.to_owned(),
        }
    }

    /// Damages the record of a player who is free.
    pub(crate) fn damage(&self, player: &str, slot: &str, damage: Damage) {
        match self {
            Self::Sqlite(file) => {
                let of = "WHERE player = ?1 AND slot = ?2";
                let read = format!("SELECT body FROM slot {of}");
                let body: Vec<u8> = file
                    .query_row(&read, [player, slot], |row| row.get(0))
                    .expect("it is there");
                let set = match damage {
                    Damage::Foreign => {
                        "body = ?3, encoding = 'text', schema = NULL, write_id = NULL, \
                         saved_at_ms = NULL"
                    }
                    Damage::Envelope => "body = ?3, encoding = 'json'",
                    Damage::Flipped | Damage::Half => "body = ?3",
                };
                let changed = file.execute(
                    &format!("UPDATE slot SET {set} {of}"),
                    (player, slot, damage.of_body(&body)),
                );
                assert_eq!(changed.expect("it can be written"), 1);
            }
            Self::Redis { namespace, .. } => {
                let key = format!("{namespace}:{{{player}}}:{slot}");
                let value: Vec<u8> = self.ask(&[b"GET", key.as_bytes()]);
                let damaged = damaged_value(&value, damage);
                self.ask::<()>(&[b"SET", key.as_bytes(), &damaged]);
            }
            Self::DynamoDb(table) => {
                let mut item = table.item(player, &format!("slot#{slot}"));
                if damage == Damage::Foreign {
                    item.retain(|name, _| ["pk", "sk"].contains(&&**name));
                    item.insert("colour".to_owned(), text("another program's"));
                } else {
                    let body = damage.of_body(item["body"].as_b().expect("it has bytes").as_ref());
                    item.insert("body".to_owned(), bytes(body));
                }
                if damage == Damage::Envelope {
                    item.insert("encoding".to_owned(), text("json"));
                }
                table.put(item);
            }
        }
    }

    /// Cuts a kept version in half.
    pub(crate) fn damage_version(&self, player: &str, slot: &str, revision: u64) {
        match self {
            Self::Sqlite(file) => {
                let cut = "UPDATE version SET body = substr(body, 1, length(body) / 2) \
                           WHERE player = ?1 AND slot = ?2 AND revision = ?3";
                let changed = file.execute(cut, (player, slot, revision.cast_signed()));
                assert_eq!(changed.expect("it can be written"), 1);
            }
            Self::Redis { namespace, .. } => {
                let key = format!("{namespace}:{{{player}}}:{slot}:versions");
                let field = format!("value:{revision}");
                let (key, field) = (key.as_bytes(), field.as_bytes());
                let value: Vec<u8> = self.ask(&[b"HGET", key, field]);
                self.ask::<()>(&[b"HSET", key, field, &value[..value.len() / 2]]);
            }
            Self::DynamoDb(table) => {
                let mut item = table.item(player, &format!("version#{slot}#{revision:020}"));
                let body =
                    Damage::Half.of_body(item["body"].as_b().expect("it has bytes").as_ref());
                item.insert("body".to_owned(), bytes(body));
                table.put(item);
            }
        }
    }

    /// Puts nonsense into the only letter that waits for a slot.
    pub(crate) fn damage_letter(&self, player: &str, slot: &str) {
        match self {
            Self::Sqlite(file) => {
                let junk = "UPDATE letter SET content = x'ff00' WHERE player = ?1 AND slot = ?2";
                let changed = file.execute(junk, [player, slot]);
                assert_eq!(changed.expect("it can be written"), 1);
            }
            Self::Redis { namespace, .. } => {
                let key = format!("{namespace}:{{{player}}}:{slot}:mail");
                self.ask::<()>(&[b"HSET", key.as_bytes(), b"letter:1", b"nonsense"]);
            }
            Self::DynamoDb(table) => {
                let mut item = table.item(player, &format!("mail#{slot}#letter#{:020}", 1));
                item.insert("content".to_owned(), AttributeValue::Bool(true));
                table.put(item);
            }
        }
    }

    /// Empties it, as a server that comes back with nothing.
    pub(crate) fn wipe(&self) {
        match self {
            Self::Sqlite(file) => {
                let tables = [
                    "lock", "slot", "lease", "notice", "letter", "verdict", "version",
                ];
                for table in tables {
                    // It is not a file yet, perhaps.
                    let _ = file.execute(&format!("DELETE FROM {table}"), []);
                }
            }
            Self::Redis { url, namespace } => redis_delete(url, &format!("{namespace}:*")),
            Self::DynamoDb(table) => table.delete(|_| true),
        }
    }

    /// Ends all leases, as if their time was over.
    pub(crate) fn lapse_leases(&self) {
        match self {
            Self::Sqlite(file) => {
                let lapsed = file.execute("DELETE FROM lease", []);
                assert!(lapsed.expect("it can be written") > 0);
            }
            Self::Redis { url, namespace } => {
                redis_delete(url, &format!("{namespace}:server:*:lease"));
            }
            Self::DynamoDb(table) => table.delete(|item| item["sk"] == text("lease")),
        }
    }

    /// Whether a text is in any value of the store, or the name of one.
    pub(crate) fn has(&self, text: &str) -> bool {
        match self {
            Self::Sqlite(file) => sqlite_has(file, text),
            Self::Redis { url, namespace } => {
                let nodes = nodes(url);
                let pattern = format!("{namespace}:*");
                nodes.iter().any(|node| redis_has(node, &pattern, text))
            }
            Self::DynamoDb(table) => table
                .all()
                .iter()
                .any(|item| item.iter().any(|(_, value)| dynamodb_has(value, text))),
        }
    }

    /// Asks the server of a key, or of any, if there is only one.
    fn ask<T: FromRedisValue>(&self, command: &[&[u8]]) -> T {
        let Self::Redis { url, .. } = self else {
            panic!("it is another store");
        };
        let mut url = url.clone();
        loop {
            match ask(&url, command) {
                Ok(answer) => return answer,
                Err(error) => match error.redirect_node() {
                    Some((node, _)) => url = format!("redis://{node}"),
                    None => panic!("{error}"),
                },
            }
        }
    }
}

fn damaged_value(value: &[u8], damage: Damage) -> Vec<u8> {
    let header_ends = value.iter().position(|byte| *byte == b'\n');
    let (header, body) = value.split_at(header_ends.expect("it has a header") + 1);
    match damage {
        Damage::Half => value[..value.len() / 2].to_vec(),
        Damage::Foreign => damage.of_body(body),
        Damage::Flipped => [header, &damage.of_body(body)].concat(),
        Damage::Envelope => {
            let body = damage.of_body(body);
            let header = std::str::from_utf8(header).expect("it is text");
            let mut fields: Vec<_> = header.trim_end().split(' ').map(str::to_owned).collect();
            fields[4] = "json".to_owned();
            fields[6] = body.len().to_string();
            [fields.join(" ").as_bytes(), b"\n", &body].concat()
        }
    }
}

fn ask<T: FromRedisValue>(url: &str, command: &[&[u8]]) -> redis::RedisResult<T> {
    let client = redis::Client::open(url)?;
    let mut asked = redis::Cmd::new();
    for part in command {
        asked.arg(*part);
    }
    asked.query(&mut client.get_connection()?)
}

/// All servers of a Cluster, or the one.
fn nodes(url: &str) -> Vec<String> {
    match ask::<String>(url, &[b"CLUSTER", b"NODES"]) {
        Ok(nodes) => {
            let nodes = nodes.lines().filter_map(|node| node.split(' ').nth(1));
            let nodes = nodes.filter_map(|node| node.split('@').next());
            nodes.map(|node| format!("redis://{node}")).collect()
        }
        Err(_) => vec![url.to_owned()],
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    let mut places = bytes.windows(text.len());
    places.any(|place| place == text.as_bytes())
}

fn redis_delete(url: &str, pattern: &str) {
    for node in nodes(url) {
        let keys: Vec<Vec<u8>> = ask(&node, &[b"KEYS", pattern.as_bytes()]).expect("it answers");
        for key in keys {
            ask::<()>(&node, &[b"DEL", &key]).expect("it answers");
        }
    }
}

fn redis_has(url: &str, pattern: &str, text: &str) -> bool {
    let keys: Vec<String> = ask(url, &[b"KEYS", pattern.as_bytes()]).expect("it answers");
    keys.iter().any(|key| {
        let of = |command: &[u8]| ask::<Vec<Vec<u8>>>(url, &[command, key.as_bytes()]);
        let values = match ask::<Vec<u8>>(url, &[b"GET", key.as_bytes()]) {
            Ok(value) => vec![value],
            Err(_) => of(b"HGETALL").unwrap_or_default(),
        };
        let mut values = values.iter();
        contains(key.as_bytes(), text) || values.any(|value| contains(value, text))
    })
}

fn sqlite_has(file: &rusqlite::Connection, text: &str) -> bool {
    ["slot", "version", "letter"].iter().any(|table| {
        let all = format!("SELECT * FROM {table}");
        let mut all = file.prepare(&all).expect("it is there");
        let columns = all.column_count();
        let mut rows = all.query([]).expect("it can be read");
        let mut found = false;
        while let Some(row) = rows.next().expect("it can be read") {
            found |= (0..columns).any(|column| match row.get(column) {
                Ok(Value::Text(value)) => value.contains(text),
                Ok(Value::Blob(value)) => contains(&value, text),
                _ => false,
            });
        }
        found
    })
}

fn dynamodb_has(value: &AttributeValue, text: &str) -> bool {
    match value {
        AttributeValue::B(bytes) => contains(bytes.as_ref(), text),
        other => format!("{other:?}").contains(text),
    }
}

impl Table {
    fn item(&self, player: &str, sort: &str) -> Item {
        let request = self.client.get_item().table_name("players");
        let request = request.key("pk", text(&format!("player#{player}")));
        let request = request.key("sk", text(sort)).consistent_read(true);
        let got = self.runtime.block_on(request.send()).expect("it answers");
        got.item.expect("it is there")
    }

    fn put(&self, item: Item) {
        let request = self.client.put_item().table_name("players");
        let request = request.set_item(Some(item));
        self.runtime.block_on(request.send()).expect("it answers");
    }

    /// All of it; nothing if there is no table yet.
    fn all(&self) -> Vec<Item> {
        let request = self.client.scan().table_name("players");
        let got = self.runtime.block_on(request.send());
        got.map_or_else(|_| Vec::new(), |got| got.items.unwrap_or_default())
    }

    fn delete(&self, goes: impl Fn(&Item) -> bool) {
        for item in self.all().into_iter().filter(goes) {
            let request = self.client.delete_item().table_name("players");
            let request = request.key("pk", item["pk"].clone());
            let request = request.key("sk", item["sk"].clone());
            self.runtime.block_on(request.send()).expect("it answers");
        }
    }
}
