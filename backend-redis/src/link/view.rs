//! How one node sees its Cluster.

use redis::Value;

use crate::keys::HASH_SLOTS;

/// The map of a Cluster, as one node has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) ranges: Vec<Range>,
    /// Grows with every change of the Cluster; 0 if the node does not say.
    pub(super) epoch: u64,
    /// Whether the node says that all is well: it sees most of the others.
    pub(super) is_in_order: bool,
}

/// Hash slots in a row, and the address of the node that has them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) owner: String,
}

impl View {
    /// Reads the answers to `CLUSTER SLOTS` and `CLUSTER INFO` of the node at
    /// the address `asked`.
    pub(super) fn read(slots: Value, info: &str, asked: &str) -> Option<Self> {
        let Value::Array(ranges) = slots else {
            return None;
        };
        let field = |name: &str| {
            let mut lines = info.lines().map(str::trim_end);
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        let epoch = field("cluster_current_epoch").and_then(|epoch| epoch.parse().ok());
        let ranges = ranges.into_iter().map(|range| read_range(range, asked));
        Some(Self {
            ranges: ranges.collect::<Option<_>>()?,
            epoch: epoch.unwrap_or_default(),
            is_in_order: field("cluster_state").is_none_or(|state| state == "ok"),
        })
    }

    /// Whether every hash slot has a node.
    pub(super) fn is_whole(&self) -> bool {
        let slots = self.ranges.iter().map(|range| range.last + 1 - range.first);
        slots.sum::<usize>() >= HASH_SLOTS
    }

    /// What makes one view better than another.
    pub(super) fn rank(&self) -> (bool, bool, u64) {
        (self.is_whole(), self.is_in_order, self.epoch)
    }
}

/// Reads a range, with its primary first.
fn read_range(range: Value, asked: &str) -> Option<Range> {
    let Value::Array(parts) = range else {
        return None;
    };
    let [
        Value::Int(first),
        Value::Int(last),
        Value::Array(primary),
        ..,
    ] = parts.as_slice()
    else {
        return None;
    };
    let (host, port) = match primary.as_slice() {
        [Value::BulkString(host), Value::Int(port), ..] => (std::str::from_utf8(host).ok()?, port),
        [Value::Nil, Value::Int(port), ..] => ("", port),
        _ => return None,
    };
    let first = usize::try_from(*first).ok()?;
    let last = usize::try_from(*last).ok()?;
    (first <= last && last < HASH_SLOTS).then(|| Range {
        first,
        last,
        owner: complete(&format!("{host}:{port}"), asked),
    })
}

/// An address with its host: a node that does not know its own, or is not to
/// give it, is where the one is that was asked.
pub(super) fn complete(address: &str, asked: &str) -> String {
    match address.rsplit_once(':') {
        Some(("" | "?", port)) => {
            let host = asked.rsplit_once(':').map_or(asked, |(host, _)| host);
            format!("{host}:{port}")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: i64, last: i64, host: Value, port: i64) -> Value {
        let primary = Value::Array(vec![host, Value::Int(port)]);
        Value::Array(vec![Value::Int(first), Value::Int(last), primary])
    }

    fn host(name: &str) -> Value {
        Value::BulkString(name.as_bytes().to_vec())
    }

    #[test]
    fn a_map_is_read_and_a_nameless_node_is_where_the_asked_one_is() {
        let slots = vec![
            range(0, 8_191, host("10.0.0.7"), 7_000),
            range(8_192, 16_382, Value::Nil, 7_001),
            range(16_383, 16_383, host("?"), 7_002),
        ];
        let info = "cluster_state:ok\r\ncluster_current_epoch:17\r\n";
        let view = View::read(Value::Array(slots), info, "here:7001").unwrap();
        let owners: Vec<_> = view.ranges.iter().map(|range| &*range.owner).collect();
        assert_eq!(owners, ["10.0.0.7:7000", "here:7001", "here:7002"]);
        assert!(view.is_whole() && view.is_in_order);
        assert_eq!(view.epoch, 17);
        // `MOVED 3999 :6381`, of a Cluster with `unknown-endpoint`.
        assert_eq!(complete(":6381", "here:7001"), "here:6381");
        assert_eq!(complete("there:6381", "here:7001"), "there:6381");
    }

    #[test]
    fn a_map_that_makes_no_sense_is_not_believed() {
        for (first, last) in [(0, 16_384), (5, 4), (-1, 4)] {
            let beyond = range(first, last, Value::Nil, 7_000);
            assert_eq!(View::read(Value::Array(vec![beyond]), "", "here:1"), None);
        }
        assert_eq!(View::read(Value::Okay, "", "here:1"), None);
    }

    #[test]
    fn of_two_maps_the_whole_one_of_the_greater_epoch_counts() {
        let view = |last: i64, state: &str, epoch: u64| {
            let info = format!("cluster_state:{state}\r\ncluster_current_epoch:{epoch}\r\n");
            let slots = vec![range(0, last, host("h"), 1)];
            View::read(Value::Array(slots), &info, "").unwrap().rank()
        };
        let nothing = View::read(Value::Array(Vec::new()), "cluster_state:ok\r\n", "");
        let in_order = [
            nothing.unwrap().rank(),
            view(100, "ok", 9),
            view(16_383, "fail", 9),
            view(16_383, "ok", 7),
            view(16_383, "ok", 8),
        ];
        assert!(in_order.is_sorted_by(|a, b| a < b), "{in_order:?}");
    }
}
