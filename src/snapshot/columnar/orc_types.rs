//! What an ORC file's footer holds before a decoder takes it apart: the decoder follows its types from parent to child by a step of its
//! stack each, wherever they lead, and sets memory aside for each of its messages, however short (`orc_proto.proto`, `Footer`).

use super::fault;
use super::orc_tail::{Field, field, varint};
use crate::error::Result;

/// Types within each other that are followed.
const MAX_DEPTH: usize = 100;

/// Types of all columns and what is in them.
const MAX_TYPES: usize = 100_000;

/// Other messages of a footer, or of the statistics before it: stripes, and each column's statistics of each.
const MAX_MESSAGES: usize = 1_000_000;

/// Fields of the footer (`Footer.types`).
const TYPES: u64 = 4;

/// The children of a type (`Type.subtypes`).
const CHILDREN: u64 = 2;

/// Checks an unpacked footer: its types are one tree, each behind the one that it belongs to as the format has them ("Type
/// Information": in pre-order), and not too deep; and its messages are not too many.
pub(super) fn check_footer(mut footer: &[u8]) -> Result<()> {
    let nonsense = || fault("its footer makes no sense");
    // How deep each type so far stands; `None` while none said that it is its child.
    let mut depths: Vec<Option<usize>> = vec![Some(1)];
    let (mut types, mut messages) = (0, 0);
    while !footer.is_empty() {
        match field(&mut footer).ok_or_else(nonsense)? {
            (TYPES, Field::Bytes(of_type)) => {
                let depth = depths.get(types).copied().flatten();
                let children = children(of_type).ok_or_else(nonsense)?;
                let depth = depth.ok_or_else(|| fault(format!("its type {types} belongs to none before it")))?;
                for child in children {
                    let child = usize::try_from(child).map_err(|_| nonsense())?;
                    if child <= types || child >= MAX_TYPES {
                        return Err(fault(format!("its type {types} is said to hold type {child}")));
                    }
                    if depth == MAX_DEPTH {
                        return Err(fault(format!("its types are nested more than {MAX_DEPTH} deep")));
                    }
                    if depths.len() <= child {
                        depths.resize(child + 1, None);
                    }
                    if depths[child].replace(depth + 1).is_some() {
                        return Err(fault(format!("its type {child} is said to be in two others")));
                    }
                }
                types += 1;
            }
            (_, Field::Bytes(_)) => messages += 1,
            (_, Field::Number(_) | Field::Fixed) => {}
        }
        if types > MAX_TYPES || messages > MAX_MESSAGES {
            return Err(fault(format!(
                "its footer tells of more than {MAX_TYPES} types or {MAX_MESSAGES} stripes and statistics"
            )));
        }
    }
    if types < depths.len() {
        return Err(fault(format!("its footer lacks type {}", depths.len() - 1)));
    }
    Ok(())
}

/// Checks the unpacked statistics of stripes: how many there are.
pub(super) fn check_statistics(mut statistics: &[u8]) -> Result<()> {
    let nonsense = || fault("its statistics make no sense");
    let mut messages = 0;
    while !statistics.is_empty() {
        messages += 1;
        if let (_, Field::Bytes(mut of_stripe)) = field(&mut statistics).ok_or_else(nonsense)? {
            while !of_stripe.is_empty() {
                field(&mut of_stripe).ok_or_else(nonsense)?;
                messages += 1;
                if messages > MAX_MESSAGES {
                    return Err(fault(format!("it has more than {MAX_MESSAGES} statistics of columns in stripes")));
                }
            }
        }
    }
    Ok(())
}

/// A type's children by their numbers, packed or one by one.
fn children(mut of_type: &[u8]) -> Option<Vec<u64>> {
    let mut children = Vec::new();
    while !of_type.is_empty() {
        match field(&mut of_type)? {
            (CHILDREN, Field::Number(child)) => children.push(child),
            (CHILDREN, Field::Bytes(mut packed)) => {
                while !packed.is_empty() {
                    children.push(varint(&mut packed)?);
                }
            }
            (_, Field::Number(_) | Field::Bytes(_) | Field::Fixed) => {}
        }
        if children.len() > MAX_TYPES {
            return None;
        }
    }
    Some(children)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::snapshot::spool::put_number;

    /// A footer of these types, each by its kind and its children.
    pub(in crate::snapshot::columnar) fn footer(types: &[(u8, &[u64])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (kind, children) in types {
            let mut of_type = vec![8, *kind];
            for child in *children {
                of_type.push(2 << 3);
                put_number(&mut of_type, *child);
            }
            out.extend_from_slice(&[4 << 3 | 2, u8::try_from(of_type.len()).expect("a small type")]);
            out.extend_from_slice(&of_type);
        }
        out
    }

    #[test]
    fn types_are_one_tree_of_some_depth() {
        const STRUCT: u8 = 12;
        const LIST: u8 = 10;
        const LONG: u8 = 4;
        let chain = |depth: u64| {
            let children: Vec<Vec<u64>> = (1..depth).map(|n| vec![n]).collect();
            let mut types: Vec<(u8, &[u64])> = children.iter().map(|c| (LIST, c.as_slice())).collect();
            types.push((LONG, &[]));
            footer(&types)
        };
        let packed = [&[4 << 3 | 2, 6, 8, STRUCT, 2 << 3 | 2, 2, 1, 2][..], &footer(&[(LONG, &[]), (LONG, &[])])].concat();
        for (footer, want) in [
            (footer(&[(STRUCT, &[1, 2]), (LONG, &[]), (LIST, &[3]), (LONG, &[])]), ""),
            (packed, ""),
            (chain(100), ""),
            (chain(101), "its types are nested more than 100 deep"),
            (chain(20_000), "its types are nested more than 100 deep"),
            (footer(&[(STRUCT, &[0])]), "its type 0 is said to hold type 0"),
            (footer(&[(STRUCT, &[1]), (LIST, &[0])]), "its type 1 is said to hold type 0"),
            (footer(&[(STRUCT, &[1, 2]), (LIST, &[2]), (LONG, &[])]), "its type 2 is said to be in two others"),
            (footer(&[(STRUCT, &[1, 1]), (LONG, &[])]), "its type 1 is said to be in two others"),
            (footer(&[(STRUCT, &[9])]), "its footer lacks type 9"),
            (footer(&[(STRUCT, &[1_000_000])]), "its type 0 is said to hold type 1000000"),
            (footer(&[(STRUCT, &[1]), (LONG, &[]), (LONG, &[])]), "its type 2 belongs to none before it"),
            ([4 << 3 | 2, 2, 8].to_vec(), "its footer makes no sense"),
            (
                [3 << 3 | 2, 0].repeat(MAX_MESSAGES + 1),
                "its footer tells of more than 100000 types or 1000000 stripes and statistics",
            ),
        ] {
            let told = check_footer(&footer).err().map(|e| e.message().to_owned()).unwrap_or_default();
            assert_eq!(told, want);
        }
    }

    #[test]
    fn statistics_are_counted() {
        let stripe = |columns: usize| {
            let mut head = vec![1 << 3 | 2];
            put_number(&mut head, columns as u64 * 2);
            [head, [1 << 3 | 2, 0].repeat(columns)].concat()
        };
        assert!(check_statistics(&stripe(1000).repeat(900)).is_ok());
        assert!(check_statistics(&stripe(1000).repeat(1100)).is_err());
        assert!(check_statistics(&[1 << 3 | 2, 9]).is_err());
        assert!(check_statistics(&[]).is_ok());
    }
}
