//! Who owns what, over all sources: decides whether a live resource that was not asked for is unmanaged.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::companion_objects;
use super::owned_fields::OwnedFieldIndex;
use super::unread_children;
use super::walk::canonical_member;
use super::{Altered, KindFacts};
use crate::model::arn::is_arn;
use crate::model::schema;
use crate::model::{Arn, Attributes, Desired, GLOBAL, Live, OwnedField, Owner, Scope, is_unique_id};

/// What a live resource is that was not asked for where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undeclared {
    /// Nobody declares it; what its name or tag says of it, which anybody can write.
    Unmanaged(Option<&'static str>),
    /// AWS made it by itself, and these elements were added to it: unmanaged, unless children declare all of them.
    Altered(&'static str, Vec<(&'static str, Value)>),
    /// Nobody declares the resource that made it: kind and id.
    MadeBy(&'static str, String),
    /// Declared as another kind, or elsewhere.
    Declared,
    /// Not reported by itself, for this reason.
    Folded(&'static str),
}

/// All desired resources of a run, indexed for ownership.
pub struct OwnershipIndex<'a> {
    /// (account, kind, id) -> the resources: in several regions, or in several sources.
    by_id: HashMap<(&'a str, &'a str, &'a str), Vec<&'a Desired>>,
    /// Kind and id of declared resources of which nothing tells where they are.
    unplaced: HashMap<(&'a str, &'a str), Vec<&'a Desired>>,
    /// Kind and name of what declared resources made that make others: account, kind, id.
    makers: HashSet<(&'a str, &'static str, String)>,
    /// Ids and ARNs that AWS gives out once, whatever the kind: of the resources, and of what came with them.
    objects: HashSet<String>,
    owned_fields: OwnedFieldIndex,
    kinds: &'a HashMap<&'static str, KindFacts>,
}

impl<'a> OwnershipIndex<'a> {
    /// `account`: that of resources which name none.
    pub fn new(resources: &'a [Desired], kinds: &'a HashMap<&'static str, KindFacts>, account: &'a str) -> Self {
        let mut ownership = Self {
            by_id: HashMap::new(),
            unplaced: HashMap::new(),
            makers: HashSet::new(),
            objects: HashSet::new(),
            owned_fields: OwnedFieldIndex::default(),
            kinds,
        };
        for resource in resources {
            if resource.account.is_none() || resource.region.is_none() {
                ownership.unplaced.entry((&resource.kind, &resource.id)).or_default().push(resource);
            }
            let account = resource.account.as_deref().unwrap_or(account);
            ownership.by_id.entry((account, &resource.kind, &resource.id)).or_default().push(resource);
            let attributes = resource.attributes();
            // Ids and ARNs of types that are not read may be those of what they only refer to (a registered bucket).
            if kinds.contains_key(&*resource.kind) {
                let given_by_aws = |id: &&String| !is_named_by_people(&resource.kind) && is_unique_id(id);
                ownership.objects.extend(Some(&resource.id).filter(given_by_aws).cloned());
                // Where ids are not unique, or another form than what is imported, the ARN is.
                ownership.objects.extend(attributes.get("arn").and_then(Value::as_str).map(str::to_owned));
            }
            ownership.objects.extend(companion_objects::ids(&resource.kind, &attributes));
            let makers = companion_objects::makers(&resource.kind, &attributes);
            ownership.makers.extend(makers.into_iter().map(|(kind, id)| (account, kind, id)));
            let owned_fields = match kinds.get(&*resource.kind) {
                Some(kind) => (kind.owned_fields)(kind.name, &attributes),
                None => {
                    let instances = resources.iter().filter(|one| &*one.kind == "aws_instance");
                    let instances = instances.map(|one| (one.id.as_str(), one.attributes()));
                    let mut owned_fields = unread_children::owned_fields(&resource.kind, &attributes);
                    owned_fields.extend(unread_children::owned_fields_of_instances(
                        &resource.kind,
                        &attributes,
                        instances,
                    ));
                    owned_fields
                }
            };
            for part in owned_fields {
                ownership.owned_fields.add(account, &part, &ownership.rules(part.parent_kind));
            }
        }
        ownership
    }

    /// What desired children own in their parents.
    pub fn owned_fields(&self) -> &OwnedFieldIndex {
        &self.owned_fields
    }

    /// Adds what the live form of children owns, each with its account.
    pub fn add_live_owned_fields(&mut self, owned_fields: &[(String, OwnedField)]) {
        for (account, part) in owned_fields {
            let rules = self.rules(part.parent_kind);
            self.owned_fields.add_live(account, part, &rules);
        }
    }

    /// What a live resource is that was not asked for.
    pub(super) fn judge(&self, kind: &KindFacts, scope: &Scope, live: &Live) -> Undeclared {
        let account = scope.account.as_str();
        match &live.owner {
            Owner::Account(_) => Undeclared::Folded("shared by another account"),
            Owner::Aws(what) => Undeclared::Folded(what),
            Owner::Parent { id, .. } => {
                // A reader of single resources lists the children of a parent whether they are declared or not.
                if self.declares(scope, kind.name, &live.id) || self.is_declared_elsewhere(kind, live) {
                    return Undeclared::Declared;
                }
                let is_unmanaged = (kind.parent_kinds.iter().any(|parent| self.declares(scope, parent, id))
                    || self.has_other_declared_parent(kind, scope, &live.attributes))
                    && !self.is_owned(kind, account, &live.attributes);
                if is_unmanaged { Undeclared::Unmanaged(None) } else { Undeclared::Folded("part of another resource") }
            }
            // What came with a VPC stands in the VPC's state by its id alone: that says nothing of what is in it.
            Owner::Altered { what, added } => match self.declares_adopted(kind, scope, &live.id) {
                true => Undeclared::Declared,
                false => Undeclared::Altered(what, added.clone()),
            },
            _ if self.is_declared_elsewhere(kind, live) => Undeclared::Declared,
            Owner::Maker { kind, id } if self.declares_maker(scope, kind, id) => {
                Undeclared::Folded("made by a declared resource")
            }
            Owner::Maker { kind, id } => Undeclared::MadeBy(kind, id.clone()),
            _ if self.may_be_unplaced(kind, scope, &live.id) => {
                Undeclared::Folded("perhaps declared: nothing tells the place of a declared resource of this id")
            }
            Owner::Claimed(what) => Undeclared::Unmanaged(Some(what)),
            // The instance of a spot request is declared by that.
            Owner::AddedTo { kind, id, claim: _ } if !self.declares(scope, kind, id) && !self.objects.contains(id) => {
                Undeclared::Folded("part of another resource")
            }
            Owner::AddedTo { claim, .. } => Undeclared::Unmanaged(*claim),
            Owner::None => Undeclared::Unmanaged(None),
        }
    }

    /// It is declared, as itself or under the name that Terraform has for what AWS makes by default.
    fn declares_adopted(&self, kind: &KindFacts, scope: &Scope, id: &str) -> bool {
        let adopted = kind.name.replacen("aws_", "aws_default_", 1);
        [kind.name, &adopted].iter().any(|kind| self.declares(scope, kind, id))
    }

    /// Do children declare all that was added? Only with [`OwnershipIndex::add_live_owned_fields`] it is known: a child that was
    /// changed by hand is another element than its state says, and tells that itself.
    pub fn declares_added(&self, Altered { what: _, added, drift }: &Altered) -> bool {
        let Some(kind) = self.kinds.get(drift.kind.as_str()) else { return false };
        added.iter().all(|(attribute, element)| {
            let (parent_kind, parent_id) = (kind.name, drift.id.clone());
            let part = OwnedField { parent_kind, parent_id, attribute, element: Some(element.clone()) };
            self.owned_fields.contains(&drift.scope.account, &part, &kind.rules)
        })
    }

    /// A part of two resources (a membership: of its user, and of its group) of which the other one is declared.
    fn has_other_declared_parent(&self, kind: &KindFacts, scope: &Scope, attributes: &Attributes) -> bool {
        let of = |part: &OwnedField| kind.parent_kinds.contains(&part.parent_kind);
        let parts = (kind.owned_fields)(kind.name, attributes);
        parts.iter().any(|part| of(part) && self.declares(scope, part.parent_kind, &part.parent_id))
    }

    /// A resource of this kind and id is declared, and may be this one.
    fn may_be_unplaced(&self, kind: &KindFacts, scope: &Scope, id: &str) -> bool {
        let may_be = |one: &&Desired| {
            one.account.as_ref().is_none_or(|account| *account == scope.account)
                && (one.account.is_none() || one.region.is_none() && scope.region != GLOBAL)
        };
        self.unplaced.get(&(kind.name, id)).is_some_and(|all| all.iter().any(may_be))
    }

    /// Another kind, or another resource of this one in another region or account, declares this very object.
    fn is_declared_elsewhere(&self, kind: &KindFacts, live: &Live) -> bool {
        let arn = live.attributes.get("arn").and_then(Value::as_str).unwrap_or_default();
        let known = |object: &str| is_unique_id(object) && self.objects.contains(object);
        known(arn) || !is_named_by_people(kind.name) && known(&live.id)
    }

    /// Does a source declare this resource here? Where its state tells no region, it may be any.
    fn declares(&self, scope: &Scope, kind: &str, id: &str) -> bool {
        let here = |one: &&Desired| {
            scope.region == GLOBAL
                || one.region.as_ref().is_none_or(|region| region == GLOBAL || *region == scope.region)
        };
        self.by_id.get(&(scope.account.as_str(), kind, id)).is_some_and(|all| all.iter().any(here))
    }

    /// Services name the stacks that they make after their own resource, by an id that AWS gave it; a second stack of that name
    /// there cannot be.
    fn is_stack_of_service(&self, scope: &Scope, stack: &str) -> bool {
        let beanstalk = stack.strip_prefix("awseb-").and_then(|rest| rest.strip_suffix("-stack"));
        let product = stack.starts_with("SC-").then(|| stack.find("-pp-").and_then(|at| stack.get(at + 1..))).flatten();
        let cloud9 = stack.strip_prefix("aws-cloud9-").and_then(|rest| rest.rsplit('-').next());
        [
            ("aws_elastic_beanstalk_environment", beanstalk),
            ("aws_servicecatalog_provisioned_product", product),
            ("aws_cloud9_environment_ec2", cloud9),
        ]
        .into_iter()
        .any(|(kind, id)| id.is_some_and(|id| self.declares(scope, kind, id)))
    }

    fn declares_maker(&self, scope: &Scope, kind: &'static str, id: &str) -> bool {
        // AWS marks what a stack made with its ARN (`stack/NAME/UUID`); an imported stack has its name for an id.
        let stack = Arn::parse(id).and_then(|arn| arn.resource.strip_prefix("stack/")?.split('/').next());
        let of_service = || self.is_stack_of_service(scope, stack?).then_some(());
        [Some(id), stack].into_iter().flatten().any(|id| self.declares(scope, kind, id))
            || of_service().is_some()
            || self.makers.contains(&(scope.account.as_str(), kind, id.to_owned()))
            // A stack set of one account makes stacks in others, and its state has their ARNs.
            || is_arn(id) && self.makers.iter().any(|(_, made, known)| *made == kind && known == id)
    }

    /// Another kind of resource declares the same attachment, or the owner's own attribute shows it.
    pub fn is_owned(&self, kind: &KindFacts, account: &str, attributes: &Attributes) -> bool {
        let parts = (kind.owned_fields)(kind.name, attributes);
        // What has a value of its own is told apart by that: what it merely is of its parent, others of its kind are as well.
        let tells = |part: &&OwnedField| {
            part.element.as_ref().is_some_and(|element| !element.is_boolean() && !element.is_null())
        };
        let by_value: Vec<&OwnedField> = parts.iter().filter(tells).collect();
        let parts = if by_value.is_empty() { parts.iter().collect() } else { by_value };
        parts.into_iter().any(|part| {
            let rules = self.rules(part.parent_kind);
            self.owned_fields.contains(account, part, &rules) || self.owner_shows(account, part).unwrap_or(false)
        })
    }

    /// The owner's attribute has it, or is the owner's to manage as a whole (legacy `inline_policy` blocks of a role): one
    /// more is a change of the owner then. Its own it is where the code sets it, or where it holds what no child declares.
    fn owner_shows(&self, account: &str, part: &OwnedField) -> Option<bool> {
        let owners = self.by_id.get(&(account, part.parent_kind, part.parent_id.as_str()))?;
        Some(owners.iter().any(|owner| self.shows(account, owner, part).unwrap_or(false)))
    }

    fn shows(&self, account: &str, owner: &Desired, part: &OwnedField) -> Option<bool> {
        if owner.declared.as_ref().is_some_and(|names| names.iter().any(|name| name == part.attribute)) {
            return Some(true);
        }
        let schema = schema::of(part.parent_kind)?;
        let rules = self.rules(part.parent_kind);
        let form = |value: &Value| canonical_member(&schema, &rules, part.attribute, value);
        let attributes = owner.attributes();
        let held = attributes.get(part.attribute)?;
        let element = form(&Value::Array(vec![part.element.clone()?]));
        if form(held).as_array()?.contains(element.as_array()?.first()?) {
            return Some(true);
        }
        let own = |element: &Value| {
            let part = OwnedField { element: Some(element.clone()), ..part.clone() };
            !self.owned_fields.contains(account, &part, &rules)
        };
        Some(held.as_array()?.iter().any(own))
    }

    fn rules(&self, kind: &str) -> crate::model::CompareRules {
        self.kinds.get(kind).map(|facts| facts.rules).unwrap_or_default()
    }
}

/// Is the id a name or a key that people choose? It may look like an id of AWS's, or like an ARN, then.
fn is_named_by_people(kind: &str) -> bool {
    kind.starts_with("aws_iam_") || kind.starts_with("aws_s3") || matches!(kind, "aws_key_pair" | "aws_placement_group")
}
