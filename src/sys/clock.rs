//! The wall clock, what it shows where this machine stands, and the time since the boot.
//!
//! Durations are measured with `std::time::Instant`, which stands still while the machine sleeps;
//! this is for times that others read, and for spans that must count the sleep.
#![allow(
    unsafe_code,
    reason = "only libc knows the local time zone and the time since the boot"
)]

use std::{
    fmt,
    mem::MaybeUninit,
    time::{SystemTime, UNIX_EPOCH},
};

use nix::libc;

/// Milliseconds since 1970; 0 where the clock stands before that.
pub fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since 1970.
pub fn now_secs() -> i64 {
    i64::try_from(now_ms() / 1000).unwrap_or(i64::MAX)
}

/// So many seconds in their largest unit: `3 minutes`.
pub fn age(seconds: i64) -> String {
    let (count, unit) = match seconds.max(0) {
        seconds @ ..60 => (seconds, "second"),
        seconds @ ..3600 => (seconds / 60, "minute"),
        seconds @ ..172_800 => (seconds / 3600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Milliseconds since the machine was booted, those that it slept included. Never set, never back.
pub fn since_boot_ms() -> u64 {
    let (seconds, nanos) = read(libc::CLOCK_BOOTTIME);
    seconds * 1000 + nanos / 1_000_000
}

/// Microseconds since the machine was booted, without those that it slept, as systemd counts.
pub fn monotonic_us() -> u64 {
    let (seconds, nanos) = read(libc::CLOCK_MONOTONIC);
    seconds * 1_000_000 + nanos / 1000
}

/// Seconds and nanoseconds of one of the system's clocks.
fn read(clock: libc::clockid_t) -> (u64, u64) {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: `time` is written during the call only; all zeros, as it is before, are a time too.
    let time = unsafe {
        libc::clock_gettime(clock, time.as_mut_ptr());
        time.assume_init()
    };
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    (part(time.tv_sec), part(time.tv_nsec))
}

/// A moment in local time. Shown as `2026-11-23 12:14:23`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// Seconds east of UTC.
    pub offset: i64,
    /// The zone's short name, such as `UTC` or `CEST`.
    pub zone: String,
}

impl Local {
    /// The local time at so many seconds since 1970; `None` where no calendar reaches.
    pub fn at(seconds: i64) -> Option<Self> {
        let time: libc::time_t = seconds;
        let mut parts = MaybeUninit::<libc::tm>::zeroed();
        // SAFETY: `time` is read and `parts` written during the call only. The environment, which
        // libc reads for TZ, is never changed in this process.
        let done = unsafe { !libc::localtime_r(&raw const time, parts.as_mut_ptr()).is_null() };
        if !done {
            return None;
        }
        // SAFETY: `localtime_r` succeeded, so it has filled every field.
        let parts = unsafe { parts.assume_init() };
        let zone = if parts.tm_zone.is_null() {
            String::new()
        } else {
            // SAFETY: libc keeps the names of the zones it has loaded, NUL-terminated, for ever.
            unsafe { std::ffi::CStr::from_ptr(parts.tm_zone) }
                .to_string_lossy()
                .into_owned()
        };
        let small = |number: i32| u8::try_from(number).ok();
        Some(Self {
            year: i64::from(parts.tm_year) + 1900,
            month: small(parts.tm_mon + 1)?,
            day: small(parts.tm_mday)?,
            hour: small(parts.tm_hour)?,
            minute: small(parts.tm_min)?,
            second: small(parts.tm_sec)?,
            offset: parts.tm_gmtoff,
            zone,
        })
    }

    /// The distance from UTC as `+02:00`.
    pub fn offset_text(&self) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs() / 60;
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        for (seconds, words) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (119, "1 minute"),
            (3599, "59 minutes"),
            (86_400, "24 hours"),
            (i64::MAX, "106751991167300 days"),
        ] {
            assert_eq!(age(seconds), words);
        }
    }

    #[test]
    fn local_time_is_utc_and_its_offset() {
        let seconds = 1_795_436_063; // 2026-11-23 12:14:23 UTC
        let local = Local::at(seconds).unwrap();
        let of_day =
            i64::from(local.hour) * 3600 + i64::from(local.minute) * 60 + i64::from(local.second);
        assert_eq!(of_day, (seconds + local.offset).rem_euclid(86_400));
        assert_eq!((local.year, local.month), (2026, 11));
        assert!(!local.zone.is_empty());
    }

    #[test]
    fn it_is_shown_as_ruby_shows_it() {
        let mut local = Local::at(0).unwrap();
        local = Local {
            year: 2026,
            month: 1,
            day: 2,
            hour: 3,
            minute: 4,
            second: 5,
            ..local
        };
        assert_eq!(local.to_string(), "2026-01-02 03:04:05");
        for (offset, text) in [(0, "+00:00"), (7200, "+02:00"), (-12_600, "-03:30")] {
            assert_eq!(
                Local {
                    offset,
                    ..local.clone()
                }
                .offset_text(),
                text
            );
        }
    }

    #[test]
    fn the_time_since_the_boot_goes_on() {
        let before = since_boot_ms();
        assert!(before > 0 && since_boot_ms() >= before);
    }

    #[test]
    fn the_end_of_time_is_no_crash() {
        assert_eq!(Local::at(i64::MAX), None);
        assert_eq!(Local::at(i64::MIN), None);
    }
}
