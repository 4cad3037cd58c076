//! The thirteen task types with their domain, largest reward and proof types (contract §4).

use api_types::{
    MicroUsd,
    proof::ProofType,
    task_type::{TaskDomain, TaskType},
};

use ProofType::{Artifact, Confirmation, Photo, Screenshot};

/// The rules for every task of a type.
#[derive(Clone, Copy, Debug)]
pub struct TypeRules {
    /// The domain of the work.
    pub domain: TaskDomain,
    /// The largest reward.
    pub reward_max: MicroUsd,
    /// The allowed proof types; the first is the default.
    pub proof_types: &'static [ProofType],
}

/// Returns the rules of a type, from the table of the contract.
pub const fn rules(task_type: TaskType) -> TypeRules {
    match task_type {
        TaskType::Verification | TaskType::Delivery => {
            row(TaskDomain::Physical, 10_000, &[Photo, Confirmation])
        }
        TaskType::Photo => row(TaskDomain::Physical, 10_000, &[Photo]),
        TaskType::Inspection => row(TaskDomain::Physical, 10_000, &[Photo, Artifact]),
        TaskType::CaptchaSolving => row(TaskDomain::Digital, 10, &[Screenshot, Confirmation]),
        TaskType::FormFilling => row(TaskDomain::Digital, 50, &[Screenshot, Confirmation]),
        TaskType::BrowserInteraction => row(
            TaskDomain::Digital,
            100,
            &[Screenshot, Confirmation, Artifact],
        ),
        TaskType::ContentReview => row(TaskDomain::Digital, 25, &[Confirmation, Screenshot]),
        TaskType::DataValidation => row(
            TaskDomain::Digital,
            50,
            &[Confirmation, Screenshot, Artifact],
        ),
        TaskType::AccountCreation => row(TaskDomain::Credential, 100, &[Artifact]),
        TaskType::ApiKeyProcurement => row(TaskDomain::Credential, 200, &[Artifact]),
        TaskType::PhoneVerification => row(TaskDomain::Credential, 25, &[Artifact]),
        TaskType::SubscriptionSetup => row(TaskDomain::Credential, 500, &[Artifact]),
    }
}

const fn row(domain: TaskDomain, dollars_max: u32, proof_types: &'static [ProofType]) -> TypeRules {
    TypeRules {
        domain,
        reward_max: MicroUsd::usd(dollars_max),
        proof_types,
    }
}

/// Returns the types that a list by domain shows. S1's agents call credential tasks digital, so
/// DIGITAL shows both (contract §4).
pub fn listed_under(domain: TaskDomain) -> Vec<TaskType> {
    let shown = |one: &TaskType| {
        let of = rules(*one).domain;
        of == domain || (domain == TaskDomain::Digital && of == TaskDomain::Credential)
    };
    TaskType::ALL.into_iter().filter(shown).collect()
}

/// Returns whether a task of this type ends in a sealed credential.
pub fn is_credential(task_type: TaskType) -> bool {
    rules(task_type).domain == TaskDomain::Credential
}
