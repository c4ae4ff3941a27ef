//! The parts in which an image or a sound is encoded: the whole alone, or views of the image with the whole as the last of them.

use serde_json::{Value, json};

use crate::diagnostic::Result;
use crate::host::hooks::{Hooks, OnProgress};
use crate::host::library::{Encoder, Library};
use crate::host::plans::View;
use crate::media::{Media, Planned};

/// All parts, in the order of their embeddings.
pub struct Parts {
    before: Vec<Part>,
    whole: Part,
    views: Vec<View>,
}

/// One call of the encoder.
struct Part {
    /// The number of the view; none if the image or sound is taken as one.
    view: Option<u32>,
    plan: Planned,
}

impl Part {
    fn new(media: &Media, encoder: &Encoder, view: Option<u32>) -> Result<Self> {
        let plan = match (media, view) {
            (Media::Image(image), Some(view)) => encoder.plan_view(image.width, image.height, view).map(Planned::Image)?,
            _ => media.plan(encoder)?,
        };
        Ok(Self { view, plan })
    }

    fn encode(&self, media: &Media, encoder: &mut Encoder, hooks: Hooks<'_>) -> Result<Vec<f32>> {
        match (media, self.view) {
            (Media::Image(image), Some(view)) => encoder.encode_view(&image.data, image.width, image.height, view, hooks),
            _ => media.encode(encoder, hooks),
        }
    }
}

impl Parts {
    /// The parts in which the encoder takes an image or sound of this size.
    pub fn new(media: &Media, library: &Library, encoder: &Encoder) -> Result<Self> {
        let views = match media {
            Media::Image(image) => library.views(image.width, image.height)?,
            Media::Audio(_) => Vec::new(),
        };
        let Some(last) = (views.len() as u32).checked_sub(1) else { return Self::whole(media, encoder) };
        let before = (0..last).map(|view| Part::new(media, encoder, Some(view))).collect::<Result<_>>()?;
        Ok(Self { before, whole: Part::new(media, encoder, Some(last))?, views })
    }

    /// The whole as the only part, whether the encoder would cut it or not.
    pub fn whole(media: &Media, encoder: &Encoder) -> Result<Self> {
        Ok(Self { before: Vec::new(), whole: Part::new(media, encoder, None)?, views: Vec::new() })
    }

    fn all(&self) -> impl Iterator<Item = &Part> {
        self.before.iter().chain([&self.whole])
    }

    /// Sizes of the whole, the last part.
    pub fn whole_plan(&self) -> &Planned {
        &self.whole.plan
    }

    /// Where the parts lie; none if the whole is the only part.
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// Bytes of working memory, enough for each part.
    pub fn arena_bytes(&self) -> u64 {
        self.all().map(|part| part.plan.work().arena_bytes).max().unwrap_or(0)
    }

    /// Floating-point operations of all parts.
    pub fn flops(&self) -> u64 {
        self.all().map(|part| part.plan.work().flops).sum()
    }

    /// Allocates the working memory of all parts.
    pub fn reserve(&self, media: &Media, encoder: &mut Encoder) -> Result<()> {
        match (media, self.whole.view) {
            (Media::Image(image), Some(_)) => encoder.reserve_views(image.width, image.height),
            _ => self.whole.plan.reserve(encoder),
        }
    }

    /// Encodes all parts: floats `[tokens, embedding]`, one part after another. `progress` starts again with each.
    pub fn encode(&self, media: &Media, encoder: &mut Encoder, progress: OnProgress<'_>) -> Result<Vec<f32>> {
        let mut embeddings = Vec::new();
        for part in self.all() {
            embeddings.extend(part.encode(media, encoder, Hooks { progress: Some(&mut *progress), tap: None })?);
        }
        Ok(embeddings)
    }

    /// Adds the size of the whole and the views to a message for machines.
    pub fn describe(&self, json: &mut Value) {
        self.whole.plan.describe(json);
        describe_views(&self.views, json);
    }
}

/// Adds views, if there are any, to a message for machines.
pub fn describe_views(views: &[View], json: &mut Value) {
    let view = |v: &View| json!({ "x": v.x, "y": v.y, "width": v.width, "height": v.height, "image": [v.image_width, v.image_height] });
    if !views.is_empty() {
        json["views"] = views.iter().map(view).collect();
    }
}
