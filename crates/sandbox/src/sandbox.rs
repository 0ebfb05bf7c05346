//! The sandbox: an account, where it is kept, its clock and its gate.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use kedge_resource::{Facts, ResourceKey};

use crate::account::Account;
use crate::account::api_error::ApiResult;
use crate::account::quota::Quotas;
use crate::by_hand::ByHand;
use crate::call::{CallRecord, Failure, Gate};
use crate::clock::Clock;
use crate::error::SandboxError;
use crate::faults::{FaultState, Faults};
use crate::file::AccountFile;
use crate::seed;

/// What passes from one opening of an account to the next where the clock only jumps: otherwise an instance that a command
/// left pending would be pending for ever.
const BETWEEN_COMMANDS_MS: u64 = 60_000;

/// How to open a sandbox.
#[derive(Clone, Debug, Default)]
pub struct SandboxOptions {
    /// Directory of the account; it is made if it does not exist.
    pub dir: Utf8PathBuf,
    /// What a new account holds; the [default account](crate::default_account) without it. An account that exists stays
    /// as it is.
    pub seed: Option<Facts>,
    /// Failures to have.
    pub faults: Option<Faults>,
    /// How fast waiting passes: 0 at once, 1 in real time, 60 a minute each second.
    pub speed: f64,
    /// What a crash fault does. Without it, every later call fails with the code [`crate::CRASHED`]; the command line has
    /// the process killed here.
    pub on_crash: Option<fn()>,
}

/// An embedded AWS account. Clones are the same account.
#[derive(Clone, Debug)]
pub struct Sandbox {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    account: Account,
    file: Option<AccountFile>,
    gate: Gate,
    clock: Clock,
    on_crash: Option<fn()>,
    begun: BTreeMap<ResourceKey, Begun>,
}

/// What this process knows of the creation of a resource that did not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    /// Client token of the creation.
    pub(crate) token: String,
    /// The id, once the call that makes the resource was answered.
    pub(crate) id: Option<String>,
    /// Whether an earlier attempt may have made it.
    pub(crate) again: bool,
}

impl Sandbox {
    /// Opens the account in a directory, or makes a new one.
    ///
    /// # Errors
    /// The directory cannot be used, its file is not an account of a known version, or the seed makes no sense.
    pub fn open(options: &SandboxOptions) -> Result<Self, SandboxError> {
        let clock = Clock::new(options.speed)?;
        let mut file = AccountFile::new(&options.dir)?;
        let guard = file.lock()?;
        let account = match file.read_if_changed()? {
            Some(mut account) => {
                if options.speed == 0.0 {
                    account.now_ms = account.now_ms.saturating_add(BETWEEN_COMMANDS_MS);
                }
                account
            }
            None => {
                let account = seed::account_of(&options.seed.clone().unwrap_or_else(seed::default_account))?;
                file.write(&account)?;
                account
            }
        };
        drop(guard);
        Ok(Self::of(account, Some(file), clock, options.faults.clone(), options.on_crash))
    }

    /// An account that lives as long as this value.
    ///
    /// # Errors
    /// The seed makes no sense.
    pub fn in_memory(seed: Option<Facts>, faults: Option<Faults>) -> Result<Self, SandboxError> {
        let account = seed::account_of(&seed.unwrap_or_else(seed::default_account))?;
        Ok(Self::of(account, None, Clock::new(0.0)?, faults, None))
    }

    /// Another account that holds the same, and lives as long as its value. What happens to the one does not happen to the
    /// other; faults and calls stay behind.
    ///
    /// # Errors
    /// The account cannot be read.
    pub fn copy(&self) -> Result<Self, SandboxError> {
        let account = self.look(Account::clone)?;
        Ok(Self::of(account, None, Clock::new(0.0)?, None, None))
    }

    fn of(
        account: Account,
        file: Option<AccountFile>,
        clock: Clock,
        faults: Option<Faults>,
        on_crash: Option<fn()>,
    ) -> Self {
        let gate = Gate { faults: FaultState::new(faults), ..Gate::default() };
        let inner = Inner { account, file, gate, clock, on_crash, begun: BTreeMap::new() };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere cannot leave the account half changed: calls check first and change then.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The region that the account is of.
    #[must_use]
    pub fn region(&self) -> String {
        self.inner().account.region.clone()
    }

    /// Whether a directory has an account.
    #[must_use]
    pub fn exists(directory: &Utf8Path) -> bool {
        AccountFile::path_in(directory).exists()
    }

    /// The calls of this process so far.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        self.inner().gate.records.clone()
    }

    /// How often each call was made by this process, as `service:Action`.
    #[must_use]
    pub fn call_counts(&self) -> BTreeMap<String, usize> {
        self.inner().gate.counts()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.inner().gate.records.clear();
    }

    /// Starts over as another process would: no crash, nothing remembered of unfinished steps, other faults. The account
    /// stays.
    pub fn restart(&self, faults: Option<Faults>) {
        let mut inner = self.inner();
        inner.gate = Gate { faults: FaultState::new(faults), ..Gate::default() };
        inner.begun.clear();
    }

    /// Whether a fault has crashed the client.
    #[must_use]
    pub fn crashed(&self) -> bool {
        self.inner().gate.crashed
    }

    /// Simulated time since the account was made.
    #[must_use]
    pub fn simulated(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.inner().account.now_ms)
    }

    /// Lets simulated time pass.
    ///
    /// # Errors
    /// The account cannot be read or kept.
    pub fn pass_time(&self, by: std::time::Duration) -> Result<(), SandboxError> {
        self.change(|account| {
            account.now_ms += u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
            account.settle();
        })
    }

    /// Waits for some simulated time, at the speed of the sandbox: at once, unless it has one.
    pub async fn wait(&self, time: std::time::Duration) {
        self.sleep(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)).await;
    }

    /// The quotas of the account.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        self.inner().account.quotas.clone()
    }

    /// Sets the quotas of the account.
    ///
    /// # Errors
    /// The account cannot be read or kept.
    pub fn set_quotas(&self, quotas: Quotas) -> Result<(), SandboxError> {
        self.change(|account| account.quotas = quotas)
    }

    /// Changes that kedge does not make: foreign things, drift. They pass no gate and are not recorded.
    #[must_use]
    pub fn by_hand(&self) -> ByHand<'_> {
        ByHand::new(self)
    }

    /// Changes the account past the gate.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Account) -> T) -> Result<T, SandboxError> {
        let mut inner = self.inner();
        inner.on_account(|_, account| (true, change(account)))
    }

    /// Looks at the account past the gate.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Account) -> T) -> Result<T, SandboxError> {
        let mut inner = self.inner();
        inner.on_account(|_, account| (account.settle(), look(account)))
    }

    /// Makes a call through the gate.
    pub(crate) fn gate<T>(
        &self,
        call: (&str, &str),
        about: &str,
        done: impl FnOnce(&mut Account) -> ApiResult<T>,
    ) -> Result<T, Failure> {
        let mut inner = self.inner();
        let answer = inner.on_account(|gate, account| gate.pass(account, call, about, done));
        if inner.gate.crashed
            && let Some(kill) = inner.on_crash
        {
            kill();
        }
        answer.unwrap_or_else(|error| Err(Failure::Storage(error.to_string())))
    }

    /// Waits for simulated milliseconds.
    pub(crate) async fn sleep(&self, milliseconds: u64) {
        let (until, real) = {
            let mut inner = self.inner();
            inner.tick();
            (inner.account.now_ms.saturating_add(milliseconds), inner.clock.real(milliseconds))
        };
        match real {
            Some(real) => tokio::time::sleep(real).await,
            // Others get their turn first, so that those who wait at the same time wait for the same moment.
            None => tokio::task::yield_now().await,
        }
        let mut inner = self.inner();
        inner.account.now_ms = inner.account.now_ms.max(until);
    }

    /// The simulated time now.
    pub(crate) fn now_ms(&self) -> u64 {
        let mut inner = self.inner();
        inner.tick();
        inner.account.now_ms
    }

    /// A step that makes `key` begins, or begins again.
    pub(crate) fn begin(&self, key: &ResourceKey) -> Begun {
        let mut inner = self.inner();
        if let Some(begun) = inner.begun.get_mut(key) {
            begun.again = true;
            return begun.clone();
        }
        let token = inner.account.draw("client-token", &key.to_string());
        let begun = Begun { token: crate::account::ids::hex(&token), id: None, again: false };
        inner.begun.insert(key.clone(), begun.clone());
        begun
    }

    /// The call that makes `key` was answered.
    pub(crate) fn made(&self, key: &ResourceKey, id: &str) {
        if let Some(begun) = self.inner().begun.get_mut(key) {
            begun.id = Some(id.to_owned());
        }
    }

    /// The step of `key` is done.
    pub(crate) fn finish(&self, key: &ResourceKey) {
        self.inner().begun.remove(key);
    }
}

impl Inner {
    /// Brings the clock forward.
    fn tick(&mut self) {
        self.account.now_ms = self.clock.now(self.account.now_ms);
    }

    /// Does something with the account as it is on disk, and keeps it if it changed.
    fn on_account<T>(&mut self, work: impl FnOnce(&mut Gate, &mut Account) -> (bool, T)) -> Result<T, SandboxError> {
        let Self { account, file, gate, clock, .. } = self;
        let guard = file.as_ref().map(AccountFile::lock).transpose()?;
        if let Some(file) = file
            && let Some(mut changed) = file.read_if_changed()?
        {
            changed.now_ms = changed.now_ms.max(account.now_ms);
            *account = changed;
        }
        account.now_ms = clock.now(account.now_ms);
        let (changed, answer) = work(gate, account);
        if changed && let Some(file) = file {
            file.write(account)?;
        }
        drop(guard);
        Ok(answer)
    }
}
