//! Values as JSON text, byte for byte as `serde_json` writes them.

use super::{Table, Value};

/// Lists and tables are nested deeper than could be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooDeep;

/// Writes a value; `levels` are how many lists and tables may be in one
/// another.
#[inline(always)] // most are numbers, short texts and nulls: a call takes longer
pub(crate) fn value(out: &mut Vec<u8>, value: &Value, levels: usize) -> Result<(), TooDeep> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Unsigned(number) => integer(out, *number),
        Value::Negative(number) => integer(out, *number),
        Value::Float(number) => by_serde_json(out, number),
        Value::Text(text) => text_of(out, text.as_bytes(), || text.as_str()),
        Value::List(values) => return list(out, values, levels),
        Value::Table(entries) => return table_of_values(out, entries, levels),
    }
    Ok(())
}

fn table_of_values(out: &mut Vec<u8>, entries: &Table, levels: usize) -> Result<(), TooDeep> {
    table(out, entries, levels, |out, _, entry, levels| {
        value(out, entry, levels)
    })
}

fn list(out: &mut Vec<u8>, values: &[Value], levels: usize) -> Result<(), TooDeep> {
    let levels = levels.checked_sub(1).ok_or(TooDeep)?;
    out.push(b'[');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        self::value(out, value, levels)?;
    }
    out.push(b']');
    Ok(())
}

/// Writes a table, each value of which is written by `write`, which is told
/// where it is.
pub(crate) fn table(
    out: &mut Vec<u8>,
    table: &Table,
    levels: usize,
    mut write: impl FnMut(&mut Vec<u8>, usize, &Value, usize) -> Result<(), TooDeep>,
) -> Result<(), TooDeep> {
    let levels = levels.checked_sub(1).ok_or(TooDeep)?;
    out.push(b'{');
    entries(out, table, true, |out, at, value| {
        write(out, at, value, levels)
    })?;
    out.push(b'}');
    Ok(())
}

/// Writes the entries of a table, without what is around them; the `first` of
/// the table has no comma before it.
pub(crate) fn entries<E>(
    out: &mut Vec<u8>,
    table: &Table,
    first: bool,
    mut write: impl FnMut(&mut Vec<u8>, usize, &Value) -> Result<(), E>,
) -> Result<(), E> {
    let shape = table.shape();
    for (at, value) in table.values().iter().enumerate() {
        let comma = usize::from(first && at == 0);
        if let Some(written) = shape.written(at) {
            out.extend_from_slice(&written[comma..]);
        } else {
            out.extend_from_slice(&b","[comma..]);
            by_serde_json(out, shape.key(at));
            out.push(b':');
        }
        write(out, at, value)?;
    }
    Ok(())
}

pub(crate) fn integer(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    text_of(out, text.as_bytes(), || text);
}

/// Writes text, which is only looked at as such if it has to be escaped.
#[inline]
fn text_of<'t>(out: &mut Vec<u8>, bytes: &[u8], text: impl FnOnce() -> &'t str) {
    if is_plain(bytes) {
        out.reserve(bytes.len() + 2);
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        by_serde_json(out, text());
    }
}

/// What is rare, and has rules of its own: floats, and text with escapes.
#[cold]
fn by_serde_json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("a text or a float is written to memory");
}

/// Whether nothing in some text has to be escaped.
pub(super) fn is_plain(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    let plain = |word: u64| {
        // The highest bit of a byte is set in these if it is below a space, a
        // quotation mark or a backslash; what is above ASCII never is.
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let is_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let quote = is_zero(word ^ (ONES * u64::from(b'"')));
        let backslash = is_zero(word ^ (ONES * u64::from(b'\\')));
        control | quote | backslash == 0
    };
    let words_plain = words.iter().all(|word| plain(u64::from_le_bytes(*word)));
    words_plain && {
        let mut last = [b' '; 8];
        last[..rest.len()].copy_from_slice(rest);
        plain(u64::from_le_bytes(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_be_escaped_is_seen_wherever_it_is() {
        for byte in 0..=u8::MAX {
            for before in 0..20 {
                let mut text = vec![b'x'; 20];
                text[before] = byte;
                let escaped = byte < b' ' || byte == b'"' || byte == b'\\';
                assert_eq!(is_plain(&text), !escaped, "{byte} after {before}");
                assert_eq!(is_plain(&text[..=before]), !escaped);
            }
        }
        assert!(is_plain(b""));
    }
}
