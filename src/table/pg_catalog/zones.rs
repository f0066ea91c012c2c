//! `pg_timezone_names`: the zones that `TimeZone` takes, each with what it has now.

use chrono::{Offset, Utc};
use chrono_tz::{OffsetComponents, OffsetName, TZ_VARIANTS, Tz};

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

pub(super) fn pg_timezone_names(_env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let now = Utc::now();
    let zones: Vec<Tz> = TZ_VARIANTS.iter().filter(|zone| pins.allow("name", zone.name())).copied().collect();
    Ok(Rows::of(zones, move |zone, column| {
        let moment = now.with_timezone(zone);
        match column {
            "name" => zone.name().into(),
            "abbrev" => Cell::opt(moment.offset().abbreviation().map(str::to_owned)),
            "utc_offset" => Cell::Int(i64::from(moment.offset().fix().local_minus_utc())),
            "is_dst" => (!moment.offset().dst_offset().is_zero()).into(),
            _ => Cell::Unset,
        }
    }))
}
