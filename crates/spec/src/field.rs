//! The words in which the fields of manifests are declared: name, shape, and what the field does here.
//!
//! One table for each block of a manifest (`v1alpha2/fields/`) serves the reader, the JSON Schema and the reference page,
//! so that they cannot disagree.

/// A block of a manifest: a mapping with known keys.
#[derive(Debug)]
pub(crate) struct Block {
    /// kops's name of its type.
    pub(crate) name: &'static str,
    /// The fields, in kops's order.
    pub(crate) fields: &'static [Field],
}

impl Block {
    /// The field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A field of a block.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name in the manifest.
    pub(crate) name: &'static str,
    /// What may stand there.
    pub(crate) shape: Shape,
    /// What it does.
    pub(crate) effect: Effect,
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Text; a number or boolean counts as written.
    Text,
    /// One of a few words; an empty text counts as nothing.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    /// A whole number, quoted or not.
    Integer,
    /// A Kubernetes quantity such as `500m` or `4Gi`.
    Quantity,
    /// A Go duration such as `48h20m`.
    Duration,
    /// A number, or text such as `50%`.
    IntegerOrText,
    /// A list.
    List(&'static Self),
    /// A mapping with free keys.
    Map(&'static Self),
    /// A mapping with known keys.
    Object(&'static Block),
    /// Anything.
    Any,
}

/// What a field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It decides about AWS resources, or whether a manifest is sound.
    Acts,
    /// It decides what instances boot with, or which add-ons run and how, and about no AWS resource.
    Boots,
    /// It is accepted; a note says so and gives the reason, which is that of the block around it if it is empty.
    None(&'static str),
    /// It is accepted without a word: an API server writes it, no person.
    Bookkeeping,
    /// It is an error, for this reason.
    Refused(&'static str),
}

/// A block.
pub(crate) const fn block(name: &'static str, fields: &'static [Field]) -> Block {
    Block { name, fields }
}

/// A field that acts.
pub(crate) const fn acts(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, effect: Effect::Acts }
}

/// A field that acts on instances and add-ons only.
pub(crate) const fn boots(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, effect: Effect::Boots }
}

/// A field that is accepted and has no effect, for this reason.
pub(crate) const fn idle(name: &'static str, shape: Shape, why: &'static str) -> Field {
    Field { name, shape, effect: Effect::None(why) }
}

/// A field of a block that is refused or idle as a whole.
pub(crate) const fn quiet(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, effect: Effect::None("") }
}

/// A field that only an API server writes.
pub(crate) const fn bookkeeping(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, effect: Effect::Bookkeeping }
}

/// A field that is refused.
pub(crate) const fn refused(name: &'static str, shape: Shape, why: &'static str) -> Field {
    Field { name, shape, effect: Effect::Refused(why) }
}
