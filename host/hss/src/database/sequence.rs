//! Sequence numbers, counted up and read at once (TS 33.102 §C.3.2: SQN = SEQ ‖ IND, and each vector takes the next of
//! both), so that no two vectors of any process have the same one.
//!
//! ```text
//!   sqn − IND + 32·n + (IND + n) mod 32          IND = sqn mod 32
//! ```
//! In: a private identity and how many. Out: the last of the numbers that are now the caller's. One statement, which
//! the database carries out by itself: PostgreSQL and SQLite return the new value, MySQL has LAST_INSERT_ID for it.

use sqlx::Row as _;

use super::{Database, MAX_RETRIES, is_collision};

/// How many values IND has.
const INDICES: i64 = ims::aka::INDICES as i64;
/// SQN has 48 bits.
const SQN_END: i64 = 1 << 48;

const RETURNING: &str = "UPDATE hss_private SET sqn = sqn - sqn % 32 + 32 * $1 + (sqn % 32 + $1) % 32
    WHERE identity = $2 AND sqn < $3 RETURNING sqn";
const LAST_INSERT_ID: &str = "UPDATE hss_private
    SET sqn = LAST_INSERT_ID(sqn - sqn % 32 + 32 * ? + (sqn % 32 + ?) % 32)
    WHERE identity = ? AND sqn < ?";

impl Database {
    /// Takes the next `count` numbers of a private identity. `None`: nobody has it, or there are no more.
    pub(crate) async fn take_numbers(&self, impi: &str, count: u32) -> sqlx::Result<Option<i64>> {
        let mut tries = 0;
        loop {
            match self.take_numbers_once(impi, i64::from(count)).await {
                Err(error) if is_collision(&error) && tries < MAX_RETRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn take_numbers_once(&self, impi: &str, count: i64) -> sqlx::Result<Option<i64>> {
        // The new number is less than the old one and so many times 32 and one time more.
        let end = SQN_END - INDICES * (count + 1);
        match self {
            Database::Sqlite(pool) => {
                let query = sqlx::query(RETURNING).bind(count).bind(impi).bind(end);
                query.fetch_optional(pool).await?.map(|row| row.try_get(0)).transpose()
            }
            Database::Postgres(pool) => {
                let query = sqlx::query(RETURNING).bind(count).bind(impi).bind(end);
                query.fetch_optional(pool).await?.map(|row| row.try_get(0)).transpose()
            }
            Database::MySql(pool) => {
                let query = sqlx::query(LAST_INSERT_ID).bind(count).bind(count).bind(impi).bind(end);
                let done = query.execute(pool).await?;
                let last = i64::try_from(done.last_insert_id()).ok();
                Ok(last.filter(|_| done.rows_affected() > 0))
            }
        }
    }
}
