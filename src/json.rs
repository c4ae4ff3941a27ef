//! Strict JSON with source positions: every node knows its file, span and JSON pointer, every object must be read completely.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use jsonc_parser::ast::{ObjectPropName, Value as Ast};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions};

use crate::diagnostic::{Diagnostic, Result, Source};

/// A JSON value with its position.
#[derive(Debug, Clone)]
pub struct Node {
    pub value: Value,
    pub at: At,
}

/// A position: file, byte span and JSON pointer.
#[derive(Debug, Clone)]
pub struct At {
    pub source: Arc<Source>,
    pub span: Range<usize>,
    pub pointer: String,
}

#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    /// The literal as written; converted on reading so that no bit is lost.
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(IndexMap<String, Node>),
}

impl At {
    pub fn error(&self, code: &'static str, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).at(&self.source, self.span.clone(), self.pointer.clone(), label)
    }
}

/// Parses strict JSON (no comments, trailing commas or duplicate keys).
pub fn parse(name: &str, text: &str) -> Result<Node> {
    let source = Source::new(name, text);
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_extended_string_escapes: false,
        allow_non_finite_numbers: false,
    };
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let parsed = jsonc_parser::parse_to_ast(text, &collect, &options).map_err(|e| {
        let start = e.range().start.min(text.len());
        Diagnostic::new("json-syntax", format!("{name} is not valid JSON: {}", e.kind())).at(
            &source,
            start..e.range().end.min(text.len()).max(start),
            "",
            "valid up to here",
        )
    })?;
    let Some(root) = parsed.value else {
        return Err(Diagnostic::new("json-syntax", format!("{name} is empty")).at(&source, 0..0, "", "expected an object"));
    };
    convert(&source, &root, String::new())
}

fn convert(source: &Arc<Source>, ast: &Ast, pointer: String) -> Result<Node> {
    use jsonc_parser::common::Ranged;
    let range = ast.range();
    let at = At { source: source.clone(), span: range.start..range.end, pointer };
    let value = match ast {
        Ast::NullKeyword(_) => Value::Null,
        Ast::BooleanLit(b) => Value::Bool(b.value),
        Ast::NumberLit(n) => Value::Number(n.value.to_string()),
        Ast::StringLit(s) => {
            plain(&at)?;
            Value::String(s.value.to_string())
        }
        Ast::Array(a) => Value::Array(
            a.elements.iter().enumerate().map(|(i, e)| convert(source, e, format!("{}/{i}", at.pointer))).collect::<Result<_>>()?,
        ),
        Ast::Object(o) => {
            let mut map = IndexMap::new();
            for property in &o.properties {
                let ObjectPropName::String(name) = &property.name else {
                    return Err(at.error("json-syntax", "object keys must be quoted", "in this object"));
                };
                let key = name.value.to_string();
                let pointer = format!("{}/{}", at.pointer, key.replace('~', "~0").replace('/', "~1"));
                let node = convert(source, &property.value, pointer)?;
                let key_at = At { source: source.clone(), span: name.range.start..name.range.end, pointer: node.at.pointer.clone() };
                plain(&key_at)?;
                if map.insert(key.clone(), node).is_some() {
                    return Err(key_at.error("json-duplicate-key", format!("key \"{key}\" appears twice"), "second time here"));
                }
            }
            Value::Object(map)
        }
    };
    Ok(Node { value, at })
}

/// The parser takes control characters in strings, JSON does not.
fn plain(at: &At) -> Result<()> {
    match at.source.text[at.span.clone()].find(|c| c < ' ') {
        Some(_) => Err(at.error("json-syntax", "a string holds a control character, such as a line break", "this string")),
        None => Ok(()),
    }
}

impl Node {
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    fn expected(&self, what: &str) -> Diagnostic {
        self.at.error("json-type", format!("{} must be {what}", self.title()), format!("this is {}", self.kind()))
    }

    fn title(&self) -> String {
        if self.at.pointer.is_empty() { "the document".to_string() } else { self.at.pointer.clone() }
    }

    pub fn str(&self) -> Result<&str> {
        match &self.value {
            Value::String(s) => Ok(s),
            _ => Err(self.expected("a string")),
        }
    }

    pub fn bool(&self) -> Result<bool> {
        match self.value {
            Value::Bool(b) => Ok(b),
            _ => Err(self.expected("true or false")),
        }
    }

    pub fn u64(&self) -> Result<u64> {
        match &self.value {
            Value::Number(n) => n.parse().map_err(|_| self.expected("a non-negative integer")),
            _ => Err(self.expected("a non-negative integer")),
        }
    }

    /// A number as the nearest f32 of its decimal text.
    pub fn f32(&self) -> Result<f32> {
        match &self.value {
            Value::Number(n) => n.parse::<f32>().ok().filter(|f| f.is_finite()).ok_or_else(|| self.expected("a number that fits f32")),
            _ => Err(self.expected("a number")),
        }
    }

    pub fn array(&self) -> Result<&[Node]> {
        match &self.value {
            Value::Array(a) => Ok(a),
            _ => Err(self.expected("an array")),
        }
    }

    pub fn map(&self) -> Result<&IndexMap<String, Node>> {
        match &self.value {
            Value::Object(o) => Ok(o),
            _ => Err(self.expected("an object")),
        }
    }

    pub fn strings(&self) -> Result<Vec<String>> {
        self.array()?.iter().map(|n| n.str().map(str::to_string)).collect()
    }

    /// Reads this node as an object whose keys must all be consumed.
    pub fn fields(&self) -> Result<Fields<'_>> {
        Ok(Fields { node: self, map: self.map()?, seen: RefCell::default() })
    }
}

/// An object being read; [`Fields::finish`] refuses keys that nobody asked for.
pub struct Fields<'a> {
    pub node: &'a Node,
    map: &'a IndexMap<String, Node>,
    seen: RefCell<BTreeSet<String>>,
}

impl<'a> Fields<'a> {
    pub fn optional(&self, key: &str) -> Option<&'a Node> {
        self.seen.borrow_mut().insert(key.to_string());
        self.map.get(key)
    }

    pub fn required(&self, key: &str) -> Result<&'a Node> {
        self.optional(key).ok_or_else(|| {
            self.node.at.error("json-missing-key", format!("key \"{key}\" is missing"), "in this object").fact(format!(
                "keys given: {}",
                if self.map.is_empty() { "none".to_string() } else { self.map.keys().cloned().collect::<Vec<_>>().join(", ") }
            ))
        })
    }

    pub fn finish(self) -> Result<()> {
        let seen = self.seen.borrow();
        for (key, node) in self.map {
            if !seen.contains(key) {
                let known: Vec<_> = seen.iter().cloned().collect();
                return Err(node
                    .at
                    .error("json-unknown-key", format!("key \"{key}\" is not known here"), "its value")
                    .fact(format!("keys known here: {}", known.join(", ")))
                    .near(key, &known));
            }
        }
        Ok(())
    }
}
