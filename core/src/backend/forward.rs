//! The methods of a backend that wraps another.

/// Writes the methods of a [`Backend`](crate::backend::Backend) that pass a
/// call on to another one, inside an `impl` of the trait under `#[async_trait]`:
/// for a backend that wraps another, and does something of its own in a few
/// methods.
///
/// It takes the field that has the other backend, and the names of the methods.
/// All of them are named, so that a method that is added to the trait is
/// thought of: `#[deny(clippy::missing_trait_methods)]` finds one that is not.
///
/// With `through`, each call goes through a method of the wrapper, which
/// receives its [`Operation`](crate::backend::Operation) and its future. All
/// but `name` and `limits`, which ask nothing of the store, can go that way.
///
/// ```
/// use std::{sync::Arc, time::Instant};
///
/// use async_trait::async_trait;
/// use playerdata_core::{
///     backend::{Backend, Body, Claim, Operation, Result, Stamp, WriteOutcome},
///     forward_backend,
/// };
///
/// /// Prints how long each call takes, and how large what is saved is.
/// #[derive(Debug)]
/// struct Timed {
///     inner: Arc<dyn Backend>,
/// }
///
/// impl Timed {
///     async fn timed<T>(
///         &self,
///         operation: Operation,
///         call: impl Future<Output = Result<T>>,
///     ) -> Result<T> {
///         let began = Instant::now();
///         let outcome = call.await;
///         println!("{} took {:?}", operation.method(), began.elapsed());
///         outcome
///     }
/// }
///
/// #[deny(clippy::missing_trait_methods)]
/// #[async_trait]
/// impl Backend for Timed {
///     forward_backend!(inner: name, limits);
///
///     forward_backend!(inner through timed:
///         hazards, renew_lease, drop_lease, lease_is_live, acquire, acquire_and_open, release,
///         release_knowing, holder, notify, open, delete, view, list, erase, post, letters, discard,
///         settle, known_letters, decide, forget_decision, keep_version, versions, version, players,
///     );
///
///     async fn save(&self, claim: &Claim, stamp: &Stamp, body: &Body) -> Result<WriteOutcome> {
///         println!("{} bytes", body.bytes.len());
///         self.timed(Operation::Save, self.inner.save(claim, stamp, body))
///             .await
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let inner = Arc::new(playerdata_memory::MemoryBackend::new());
/// let timed = Arc::new(Timed { inner });
/// let manager = playerdata_core::SessionManager::builder(timed).start().await?;
/// manager.start_session(4711_u64).await?.end().await?;
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! forward_backend {
    ($inner:ident: $($method:ident),+ $(,)?) => {
        $($crate::forward_backend! { @ $method ($inner) })+
    };
    ($inner:ident through $around:ident: $($method:ident),+ $(,)?) => {
        $($crate::forward_backend! { @ $method ($inner $around) })+
    };

    (@ name ($inner:ident)) => {
        fn name(&self) -> &'static str {
            self.$inner.name()
        }
    };
    (@ limits ($inner:ident)) => {
        fn limits(&self) -> $crate::backend::Limits {
            self.$inner.limits()
        }
    };
    (@ hazards $way:tt) => { $crate::forward_backend! {
        @method $way Hazards hazards<>() -> Vec<$crate::backend::Hazard>
    } };
    (@ renew_lease $way:tt) => { $crate::forward_backend! {
        @method $way RenewLease renew_lease<'a>(
            server: &'a $crate::ServerId, ttl: ::std::time::Duration
        ) -> $crate::backend::Renewal
    } };
    (@ drop_lease $way:tt) => { $crate::forward_backend! {
        @method $way DropLease drop_lease<'a>(server: &'a $crate::ServerId) -> ()
    } };
    (@ lease_is_live $way:tt) => { $crate::forward_backend! {
        @method $way LeaseIsLive lease_is_live<'a>(server: &'a $crate::ServerId) -> bool
    } };
    (@ acquire $way:tt) => { $crate::forward_backend! {
        @method $way Acquire acquire<'a, 'b>(
            player: &'a $crate::PlayerId,
            claimant: &'b $crate::backend::Claimant,
            replacing: Option<$crate::SessionId>
        ) -> $crate::backend::Acquisition
    } };
    (@ acquire_and_open $way:tt) => { $crate::forward_backend! {
        @method $way Acquire acquire_and_open<'a, 'b, 'c>(
            player: &'a $crate::PlayerId,
            claimant: &'b $crate::backend::Claimant,
            replacing: Option<$crate::SessionId>,
            slot: &'c $crate::SlotName
        ) -> $crate::backend::Admission
    } };
    (@ release $way:tt) => { $crate::forward_backend! {
        @method $way Release release<'a>(
            player: &'a $crate::PlayerId, session: $crate::SessionId
        ) -> $crate::backend::Release
    } };
    (@ release_knowing $way:tt) => { $crate::forward_backend! {
        @method $way Release release_knowing<'a, 'b>(
            player: &'a $crate::PlayerId,
            session: $crate::SessionId,
            claims: &'b [($crate::SlotName, $crate::ClaimNumber)]
        ) -> $crate::backend::Release
    } };
    (@ holder $way:tt) => { $crate::forward_backend! {
        @method $way Holder holder<'a>(
            player: &'a $crate::PlayerId
        ) -> Option<$crate::backend::Lock>
    } };
    (@ notify $way:tt) => { $crate::forward_backend! {
        @method $way Notify notify<'a, 'b>(
            server: &'a $crate::ServerName, notice: &'b $crate::backend::Notice
        ) -> $crate::backend::Notification
    } };
    (@ open $way:tt) => { $crate::forward_backend! {
        @method $way Open open<'a>(
            claim: &'a $crate::backend::Claim
        ) -> $crate::backend::Opening
    } };
    (@ save $way:tt) => { $crate::forward_backend! {
        @method $way Save save<'a, 'b, 'c>(
            claim: &'a $crate::backend::Claim,
            stamp: &'b $crate::backend::Stamp,
            body: &'c $crate::backend::Body
        ) -> $crate::backend::WriteOutcome
    } };
    (@ delete $way:tt) => { $crate::forward_backend! {
        @method $way Delete delete<'a, 'b>(
            claim: &'a $crate::backend::Claim, stamp: &'b $crate::backend::Stamp
        ) -> $crate::backend::WriteOutcome
    } };
    (@ view $way:tt) => { $crate::forward_backend! {
        @method $way View view<'a, 'b>(
            player: &'a $crate::PlayerId, slot: &'b $crate::SlotName
        ) -> Option<$crate::backend::Record>
    } };
    (@ list $way:tt) => { $crate::forward_backend! {
        @method $way List list<'a>(
            player: &'a $crate::PlayerId
        ) -> Vec<$crate::backend::SlotSummary>
    } };
    (@ erase $way:tt) => { $crate::forward_backend! {
        @method $way Erase erase<'a>(player: &'a $crate::PlayerId) -> $crate::backend::Erasure
    } };
    (@ post $way:tt) => { $crate::forward_backend! {
        @method $way Post post<'a, 'b, 'c>(
            player: &'a $crate::PlayerId,
            slot: &'b $crate::SlotName,
            letter: &'c $crate::backend::Letter
        ) -> $crate::backend::Posting
    } };
    (@ letters $way:tt) => { $crate::forward_backend! {
        @method $way Letters letters<'a, 'b>(
            player: &'a $crate::PlayerId,
            slot: &'b $crate::SlotName,
            after: Option<$crate::backend::LetterPosition>,
            limit: usize
        ) -> Vec<$crate::backend::WaitingLetter>
    } };
    (@ discard $way:tt) => { $crate::forward_backend! {
        @method $way Discard discard<'a, 'b, 'c>(
            player: &'a $crate::PlayerId,
            slot: &'b $crate::SlotName,
            id: &'c $crate::LetterId,
            posting: $crate::WriteId
        ) -> ()
    } };
    (@ settle $way:tt) => { $crate::forward_backend! {
        @method $way Settle settle<'a, 'b, 'c>(
            player: &'a $crate::PlayerId,
            slot: &'b $crate::SlotName,
            id: &'c $crate::LetterId,
            posting: $crate::WriteId
        ) -> ()
    } };
    (@ known_letters $way:tt) => { $crate::forward_backend! {
        @method $way KnownLetters known_letters<'a, 'b, 'c>(
            player: &'a $crate::PlayerId,
            after: Option<(&'b $crate::SlotName, &'c $crate::LetterId)>,
            limit: usize
        ) -> Vec<$crate::backend::KnownLetter>
    } };
    (@ decide $way:tt) => { $crate::forward_backend! {
        @method $way Decide decide<>(
            trade: $crate::TradeId, verdict: $crate::backend::Verdict
        ) -> $crate::backend::Verdict
    } };
    (@ forget_decision $way:tt) => { $crate::forward_backend! {
        @method $way ForgetDecision forget_decision<>(
            trade: $crate::TradeId, party: $crate::backend::Party
        ) -> ()
    } };
    (@ keep_version $way:tt) => { $crate::forward_backend! {
        @method $way KeepVersion keep_version<'a>(
            claim: &'a $crate::backend::Claim, policy: $crate::backend::KeepPolicy
        ) -> $crate::backend::Keeping
    } };
    (@ versions $way:tt) => { $crate::forward_backend! {
        @method $way Versions versions<'a, 'b>(
            player: &'a $crate::PlayerId, slot: &'b $crate::SlotName
        ) -> Vec<$crate::backend::VersionSummary>
    } };
    (@ version $way:tt) => { $crate::forward_backend! {
        @method $way Version version<'a, 'b>(
            player: &'a $crate::PlayerId,
            slot: &'b $crate::SlotName,
            revision: $crate::Revision
        ) -> Option<$crate::backend::Record>
    } };
    (@ players $way:tt) => { $crate::forward_backend! {
        @method $way Players players<'a>(
            after: Option<&'a $crate::backend::PlayersCursor>, limit: usize
        ) -> $crate::backend::PlayersPage
    } };

    // What `#[async_trait]` makes of a method, which it does not see in a macro.
    (@method $way:tt $operation:ident $method:ident<$($life:lifetime),*>(
        $($argument:ident: $type:ty),*
    ) -> $outcome:ty) => {
        fn $method<'this, $($life,)* 'call>(
            &'this self,
            $($argument: $type),*
        ) -> ::std::pin::Pin<Box<
            dyn ::std::future::Future<Output = $crate::backend::Result<$outcome>> + Send + 'call,
        >>
        where
            'this: 'call,
            $($life: 'call,)*
            Self: 'call,
        {
            $crate::forward_backend! {
                @call self $way $operation $method($($argument),*)
            }
        }
    };
    (@call $this:ident ($inner:ident) $operation:ident $method:ident($($argument:ident),*)) => {
        $this.$inner.$method($($argument),*)
    };
    (@call $this:ident ($inner:ident $around:ident)
        $operation:ident $method:ident($($argument:ident),*)
    ) => {{
        let call = $this.$inner.$method($($argument),*);
        Box::pin($this.$around($crate::backend::Operation::$operation, call))
    }};
}
