//! What a key has used, as rows of the database: read, judged by [`Tally`], and written back, within one transaction.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::clients::{
    Admission, Flight, KeyId, Settlement, Slot, Spent, Tally, Used, Verdict,
    memory::{latest, until},
    sqlite::keys::{signed, unsigned},
};

/// What a call has changed, for whoever keeps up with the database.
pub(super) struct Changed {
    pub(super) tally: Tally,
    /// What an answer that was let in holds.
    pub(super) hold: Option<Spent>,
}

/// Judges a request and counts it.
pub(super) fn admit(transaction: &Transaction<'_>, admission: &Admission) -> rusqlite::Result<(Verdict, Changed)> {
    let Admission { slot, limits, now } = admission;
    let mut tally = tally(transaction, &slot.key)?;
    let (verdict, hold) = tally.admit(flight(transaction, &slot.key, *now)?, limits, *now);
    let is_in = matches!(verdict, Verdict::Admitted(_));
    if is_in {
        put(transaction, &slot.key, &tally)?;
        let sql =
            "INSERT OR REPLACE INTO client_slots (key, number, until, tokens, credits) VALUES (?1, ?2, ?3, ?4, ?5)";
        let (number, end) = (signed(slot.number), signed(until(*now)));
        transaction.prepare(sql)?.execute(params![
            slot.key.as_str(),
            number,
            end,
            signed(hold.tokens),
            hold.credits
        ])?;
    }
    Ok((verdict, Changed { tally, hold: is_in.then_some(hold) }))
}

/// Lets answers go on counting.
pub(super) fn renew(transaction: &Transaction<'_>, slots: &[Slot], now: u64) -> rusqlite::Result<()> {
    let sql = "UPDATE client_slots SET until = ?3 WHERE key = ?1 AND number = ?2";
    let mut statement = transaction.prepare(sql)?;
    for slot in slots {
        statement.execute(params![slot.key.as_str(), signed(slot.number), signed(until(now))])?;
    }
    Ok(())
}

/// Ends an answer and counts what it cost.
pub(super) fn settle(transaction: &Transaction<'_>, settlement: &Settlement) -> rusqlite::Result<Changed> {
    let Settlement { slot, spent, now } = settlement;
    let sql = "DELETE FROM client_slots WHERE key = ?1 AND number = ?2";
    transaction.prepare(sql)?.execute(params![slot.key.as_str(), signed(slot.number)])?;
    let mut tally = tally(transaction, &slot.key)?;
    tally.settle(*spent, *now);
    put(transaction, &slot.key, &tally)?;
    Ok(Changed { tally, hold: None })
}

/// What a key has used.
pub(super) fn used(transaction: &Transaction<'_>, key: &KeyId, now: u64) -> rusqlite::Result<Used> {
    let mut tally = tally(transaction, key)?;
    tally.roll(now);
    Ok(tally.used(flight(transaction, key, now)?.answers))
}

/// The answers under way; those that nobody has renewed are forgotten.
fn flight(transaction: &Transaction<'_>, key: &KeyId, now: u64) -> rusqlite::Result<Flight> {
    let forget = "DELETE FROM client_slots WHERE key = ?1 AND (until <= ?2 OR until > ?3)";
    transaction.prepare(forget)?.execute(params![key.as_str(), signed(now), signed(latest(now))])?;
    let sql = "SELECT count(*), total(tokens), total(credits) FROM client_slots WHERE key = ?1";
    transaction.prepare(sql)?.query_row([key.as_str()], |row| {
        // The cast cuts what is beyond the type.
        let held = Spent { tokens: row.get::<_, f64>(1)? as u64, credits: row.get(2)? };
        Ok(Flight { answers: row.get(0)?, held })
    })
}

fn tally(transaction: &Transaction<'_>, key: &KeyId) -> rusqlite::Result<Tally> {
    let sql = "SELECT seconds, day, requests, tokens, credits, usual_tokens, usual_credits, last_used \
               FROM client_tallies WHERE key = ?1";
    let found = transaction.prepare(sql)?.query_row([key.as_str()], read).optional()?;
    Ok(found.unwrap_or_default())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Tally> {
    let number = |column| row.get(column).map(unsigned);
    Ok(Tally {
        // What cannot be read of one minute is over with it.
        seconds: serde_json::from_str(&row.get::<_, String>(0)?).unwrap_or_default(),
        day: number(1)?,
        requests: number(2)?,
        spent: Spent { tokens: number(3)?, credits: row.get(4)? },
        usual: Spent { tokens: number(5)?, credits: row.get(6)? },
        last_used: number(7)?,
    })
}

fn put(transaction: &Transaction<'_>, key: &KeyId, tally: &Tally) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO client_tallies \
               (key, seconds, day, requests, tokens, credits, usual_tokens, usual_credits, last_used) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let seconds = serde_json::to_string(&tally.seconds).unwrap_or_default();
    transaction.prepare(sql)?.execute(params![
        key.as_str(),
        seconds,
        signed(tally.day),
        signed(tally.requests),
        signed(tally.spent.tokens),
        tally.spent.credits,
        signed(tally.usual.tokens),
        tally.usual.credits,
        signed(tally.last_used),
    ])?;
    Ok(())
}
