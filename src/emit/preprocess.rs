//! Preprocessing of the template as functions of the target's host language: size rule, image resampling, pixel normalisation, perhaps views; or chunks, spectrogram.

use std::collections::BTreeMap;

use serde_json::json;

use super::kernel::{Instances, preprocessing};
use crate::classes::alternatives;
use crate::diagnostic::Result;
use crate::expand::resolve_attrs;
use crate::maps::Role;
use crate::pipeline::Inputs;

/// `{"parts": [{symbol, text}, …]}`, and by name `{"size": {symbol}, "image": …, "pixels": …}` or `{"frames": …, "mel": …}`
pub fn build(i: &Inputs, instances: &mut Instances) -> Result<serde_json::Value> {
    let mut out = serde_json::Map::new();
    let mut parts = Vec::new();
    for (key, use_) in &i.template.preprocess {
        let role = Role::of_part(key);
        let map = i.maps.op(&use_.op).filter(|m| m.role == role).ok_or_else(|| {
            let known: Vec<_> = i.maps.ops.values().filter(|m| m.role == role).map(|m| m.op.clone()).collect();
            use_.at
                .error("template-unknown-op", format!("\"{}\" is no op for the part \"{key}\" of preprocessing", use_.op), "used here")
                .fact(format!("there is: {}", known.join(", ")))
        })?;
        let attrs = resolve_attrs(map, &use_.attrs, i.sizes, &BTreeMap::new(), &use_.at)?;
        let classes = alternatives(i.maps, i.profile, &i.target.lang, &map.op, &BTreeMap::new(), &[], &use_.at)?;
        let class = classes.last().map(|a| a.class.clone()).unwrap_or_default();
        let kernel = map.kernels.values().find(|k| k.id.class == class && k.lang == i.target.host);
        let kernel = kernel.ok_or_else(|| {
            let mut e =
                use_.at.error("select-none", format!("no kernel of {} class {class} for target {}", map.op, i.target.name), "this op");
            for id in map.kernels.keys() {
                e = e.fact(format!("{id} does not fit"));
            }
            e
        })?;
        for name in &kernel.shared {
            instances.snippet(i.maps, name, &kernel.lang)?;
        }
        // an op may serve several parts
        let taken = out.values().any(|p: &serde_json::Value| p["op"] == map.op.as_str());
        let symbol = if taken { format!("{}__{key}", kernel.id.symbol()) } else { kernel.id.symbol() };
        let text = preprocessing(i.maps, kernel, &symbol, &attrs)?;
        parts.push(json!({ "symbol": symbol, "text": text }));
        out.insert(key.to_string(), json!({ "op": map.op, "symbol": symbol }));
    }
    out.insert("parts".to_string(), parts.into());
    Ok(out.into())
}
