//! Who gets a certificate for a token, in this order, cheap before dear: the token is known and proven,
//! it still counts, the request is well formed and its key the asker's, the name is allowed and nobody
//! else's.

use std::time::{Duration, SystemTime};

use super::{Authority, AuthorityError, Issued, TokenRecord, check_name};
use crate::tls::{
    enrol::{Answer, Exporter, Request, Wish},
    keys::KeyPin,
    mint::Role,
    names::is_everybodys,
};

/// How long the certificates of those who join count; they are renewed by themselves.
const LIFE: Duration = Duration::from_hours(90 * 24);

/// A list has to fit an answer.
const LARGEST_LIST: u64 = 4 << 20;

/// How an attempt to join ended.
#[derive(Debug)]
pub struct Enrolled {
    /// What is sent back.
    pub answer: Vec<u8>,
    /// The name that was asked for, as far as anybody proved anything.
    pub name: Option<String>,
    /// The token's name, where it is one of ours.
    pub token: Option<String>,
    /// Why it was refused; nothing where it was not.
    pub refused: Option<String>,
}

impl Authority {
    /// Whether anybody can come with a token. One that is used up still answers those who have used it,
    /// if the answer was lost.
    pub fn has_live_token(&self) -> Result<bool, AuthorityError> {
        let now = SystemTime::now();
        Ok(self.tokens()?.iter().any(|token| now < token.expires()))
    }

    /// Answers a request. `reserved` are the names that no node may bear.
    pub fn enrol(
        &self,
        request: &Request,
        exporter: &Exporter,
        reserved: &dyn Fn(&str) -> bool,
    ) -> Enrolled {
        self.enrol_at(request, exporter, reserved, SystemTime::now())
    }

    pub(crate) fn enrol_at(
        &self,
        request: &Request,
        exporter: &Exporter,
        reserved: &dyn Fn(&str) -> bool,
        now: SystemTime,
    ) -> Enrolled {
        // Before anything is proven nobody learns more than that it did not work.
        let unknown = || Enrolled {
            answer: Answer::refused(UNKNOWN, UNKNOWN_HINT).write_plain(),
            name: None,
            token: None,
            refused: Some("the token is not known, or the secret was not proven".into()),
        };
        let token = match self.token(request.token()) {
            Ok(Some(token)) if request.is_proven(&token.secret, exporter) => token,
            Ok(_) => return unknown(),
            Err(error) => {
                return Enrolled {
                    refused: Some(error.to_string()),
                    ..unknown()
                };
            }
        };
        let wish = request.wish();
        let name = wish.as_ref().ok().map(|wish| wish.name.clone());
        let done = wish
            .map_err(|why| Refusal::new(why, "use the same program on both sides"))
            .and_then(|wish| self.grant(&wish, &token, reserved, now));
        let (answer, refused) = match done {
            Ok(answer) => (answer, None),
            Err(refusal) => {
                let answer = Answer::refused(refusal.shown, refusal.hint);
                (answer, Some(refusal.why))
            }
        };
        Enrolled {
            answer: answer.write(Some(&token.secret), exporter),
            name,
            token: Some(token.id().to_owned()),
            refused,
        }
    }

    fn grant(
        &self,
        wish: &Wish,
        token: &TokenRecord,
        reserved: &dyn Fn(&str) -> bool,
        now: SystemTime,
    ) -> Result<Answer, Refusal> {
        let name = wish.name.as_str();
        check_name(name).map_err(|error| Refusal::new(error.to_string(), ""))?;
        if token.role() == Role::Node && is_everybodys(name) {
            return Err(Refusal::new(
                format!("every machine calls itself {name}, so no node may bear it as its name"),
                "join under another name: `--identity NAME`",
            ));
        }
        let _lock = self.lock()?;
        // Under the lock again: two may come with the last use of a token.
        let Some(mut token) = self.token(token.id())? else {
            return Err(Refusal::new("the token was revoked", ANOTHER));
        };
        let pin = KeyPin::of(&wish.key);
        let known = self.issued_to(name)?;
        let valid: Vec<&Issued> = known.iter().filter(|i| i.is_valid_at(now)).collect();
        if let Some(same) = valid
            .iter()
            .find(|i| i.pin == pin && i.role == token.role())
        {
            // Whoever asks again, as the answer was lost, gets the same.
            return self.granted(same.cert_pem.clone());
        }
        if known.iter().any(|i| i.revoked.is_some() && i.pin == pin) {
            return Err(Refusal::new(
                format!("this key of {name} was revoked"),
                "begin with a new one: `--new-key`",
            ));
        }
        // Whoever was put out may have kept the token by which it came in.
        if known
            .iter()
            .any(|i| i.revoked.is_some_and(|at| at > token.created))
        {
            return Err(Refusal::new(
                format!("{name} was revoked after this token was made"),
                ANOTHER,
            ));
        }
        if token.expires() <= now {
            return Err(Refusal::new("the token has expired", ANOTHER));
        }
        if token.uses == 0 {
            return Err(Refusal::new("the token is used up", ANOTHER));
        }
        if !token.admits(name) {
            return Err(Refusal::new(
                format!("this token is not for {name}"),
                "join under a name that the token is for, or have one made for this name",
            ));
        }
        let foreign = known.iter().any(|i| i.role != token.role());
        if token.role() == Role::Node && (reserved(name) || foreign) {
            return Err(Refusal::new(
                format!("{name} is the name of a client or a broker, and no node may bear it"),
                "join under another name: `--identity NAME`",
            ));
        }
        if token.role() == Role::Client && foreign {
            return Err(Refusal::new(
                format!("{name} is the name of a node or a broker, and no client may bear it"),
                "join under another name: `--name NAME`",
            ));
        }
        if let Some(other) = self.alike(name, |issued| issued.is_valid_at(now))? {
            return Err(Refusal::new(
                AuthorityError::Alike(name.to_owned(), other).to_string(),
                "join under another name",
            ));
        }
        if !valid.is_empty() {
            return Err(Refusal::new(
                format!("{name} has a certificate for another key"),
                format!(
                    "if that machine is gone or was made anew, `mcollective enable revoke {name}` on the broker \
                     frees the name for those who come with a token that is made after it"
                ),
            ));
        }
        token.uses -= 1;
        self.keep_token(&token)?;
        let cert = self.sign(
            &wish.key,
            token.role(),
            name,
            &[],
            LIFE,
            Some(token.id()),
            now,
        )?;
        self.granted(cert)
    }

    fn granted(&self, cert: String) -> Result<Answer, Refusal> {
        let crl = crate::sys::file::read_text(&self.crl_path(), LARGEST_LIST);
        Ok(Answer::Granted {
            cert,
            ca: self.cert_pem().to_owned(),
            crl: crl.map_err(AuthorityError::from)?,
        })
    }
}

const UNKNOWN: &str = "the broker does not know this token";
const UNKNOWN_HINT: &str = "it was revoked, or is another broker's: `mcollective enable token list` on the broker shows those that count";
const ANOTHER: &str = "`mcollective enable token create` on the broker makes another";

/// Why not. What is wrong with the authority itself is for its own log.
struct Refusal {
    why: String,
    shown: String,
    hint: String,
}

impl Refusal {
    fn new(why: impl Into<String>, hint: impl Into<String>) -> Self {
        let why = why.into();
        Self {
            shown: why.clone(),
            why,
            hint: hint.into(),
        }
    }
}

impl From<AuthorityError> for Refusal {
    fn from(error: AuthorityError) -> Self {
        Self {
            why: error.to_string(),
            shown: "the broker's authority can't sign now".into(),
            hint: "the broker's log says why".into(),
        }
    }
}
