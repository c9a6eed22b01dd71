//! Data forms (XEP-0004), as far as service discovery needs them: extensions of an answer
//! (XEP-0128).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::modules::ReadError;
use crate::ns;
use crate::xml::{ElementBuilder, ElementRef};

/// Fields that a form may have.
pub const MAX_FIELDS: usize = 128;
/// Values that a field may have.
pub const MAX_VALUES: usize = 256;

/// The name of the field that says what a form is for (XEP-0068 §3.1).
pub(super) const FORM_TYPE: &str = "FORM_TYPE";

/// A data form with results, `<x xmlns='jabber:x:data' type='result'/>`: what an entity tells
/// beyond identities and features (XEP-0128 §2).
///
/// Titles, labels, options and whatever else is for forms that people fill in are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DataForm {
    /// The fields, in the order in which they were written. The one called `FORM_TYPE` is among
    /// them.
    pub fields: Vec<FormField>,
}

/// A field of a [`DataForm`] (XEP-0004 §3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FormField {
    /// Its name, the attribute `var`; unique within the form.
    pub var: String,
    /// Its type, such as `hidden` or `text-multi` (XEP-0004 §3.3), if it says one.
    pub type_: Option<String>,
    /// Its values.
    pub values: Vec<String>,
}

impl DataForm {
    /// A form of the type `form_type` (XEP-0068) without other fields.
    #[must_use]
    pub fn new(form_type: impl Into<String>) -> Self {
        let field = FormField {
            var: FORM_TYPE.into(),
            type_: Some("hidden".into()),
            values: [form_type.into()].into(),
        };
        Self { fields: [field].into() }
    }

    /// With one more field.
    #[must_use]
    pub fn with_field<V: Into<String>>(
        mut self,
        var: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.fields.push(FormField { var: var.into(), type_: None, values });
        self
    }

    /// What the form is for: the value of the hidden field `FORM_TYPE` (XEP-0068 §3.1). `None` if
    /// there is no such field, or if it has no value or different ones.
    #[must_use]
    pub fn form_type(&self) -> Option<&str> {
        let field = self.field(FORM_TYPE).filter(|field| field.is_hidden())?;
        let (first, others) = field.values.split_first()?;
        others.iter().all(|other| other == first).then_some(first)
    }

    /// The field called `var`.
    #[must_use]
    pub fn field(&self, var: &str) -> Option<&FormField> {
        self.fields.iter().find(|field| field.var == var)
    }

    /// The first value of the field called `var`.
    #[must_use]
    pub fn value(&self, var: &str) -> Option<&str> {
        self.field(var)?.values.first().map(String::as_str)
    }

    /// Reads an `<x/>`. Fields without a name are left out: they only show text.
    pub(super) fn read(x: ElementRef<'_>) -> Result<Self, ReadError> {
        let mut form = Self::default();
        for field in x.elements().filter(|child| child.is("field", ns::DATA_FORMS)) {
            let Some(var) = field.attr("var").filter(|var| !var.is_empty()) else { continue };
            if form.fields.len() == MAX_FIELDS {
                return Err(ReadError::TooMany { what: "fields of a form", limit: MAX_FIELDS });
            }
            let mut values = Vec::new();
            for value in field.elements().filter(|child| child.is("value", ns::DATA_FORMS)) {
                if values.len() == MAX_VALUES {
                    let what = "values of a field";
                    return Err(ReadError::TooMany { what, limit: MAX_VALUES });
                }
                values.push(value.text().into_owned());
            }
            let type_ = field.attr("type").map(|type_| type_.to_string());
            form.fields.push(FormField { var: var.into_owned(), type_, values });
        }
        Ok(form)
    }

    /// Appends the form to the element that is being built.
    pub(super) fn write_to(&self, parent: ElementBuilder) -> ElementBuilder {
        parent.child_with("x", ns::DATA_FORMS, |mut x| {
            x = x.attr("type", "result");
            for field in &self.fields {
                x = x.child_with("field", ns::DATA_FORMS, |mut element| {
                    element = element.attr("var", &field.var);
                    if let Some(type_) = &field.type_ {
                        element = element.attr("type", type_);
                    }
                    for value in &field.values {
                        element = element
                            .child_with("value", ns::DATA_FORMS, |element| element.text(value));
                    }
                    element
                });
            }
            x
        })
    }

    /// An estimate of the memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let size = |field: &FormField| {
            let type_ = field.type_.as_ref().map_or(0, String::len);
            let values = field.values.iter().map(|value| value.len() + size_of::<String>());
            size_of::<FormField>() + field.var.len() + type_ + values.sum::<usize>()
        };
        size_of::<Self>() + self.fields.iter().map(size).sum::<usize>()
    }
}

impl FormField {
    pub(super) fn is_hidden(&self) -> bool {
        self.type_.as_deref() == Some("hidden")
    }
}
