//! The same shader in the languages of the drivers: SPIR-V, Metal, Direct3D, OpenGL.
//!
//! Devices translate for themselves; this shows, with no device at hand, that they can.

use naga::back::{glsl, hlsl, msl, spv};
use naga::proc::BoundsCheckPolicies;

use super::validate::{Shader, causes};
use crate::diagnostic::{Diagnostic, Result};

/// A shader as drivers take it.
#[derive(Debug, Clone)]
pub struct Translations {
    /// SPIR-V 1.5, in words.
    pub spirv: Vec<u32>,
    /// Metal shading language 2.4.
    pub msl: String,
    /// High level shading language, shader model 6.2.
    pub hlsl: String,
    /// GLSL ES 3.10; none for shaders that compute in f16, which it does not have.
    pub glsl: Option<String>,
}

/// Translates a shader to every language; the error (`wgsl-translate`) names the language that does not take it.
pub fn translate(shader: &Shader) -> Result<Translations> {
    Ok(Translations {
        spirv: spirv(shader)?,
        msl: metal(shader)?,
        hlsl: direct3d(shader)?,
        glsl: if shader.uses_f16() { None } else { Some(opengl(shader)?) },
    })
}

fn refused(shader: &Shader, language: &str, error: &dyn std::error::Error) -> Diagnostic {
    Diagnostic::new("wgsl-translate", format!("the shader cannot be written in {language}: {}", causes(error))).at(
        &shader.source,
        0..0,
        "",
        "this shader",
    )
}

fn spirv(shader: &Shader) -> Result<Vec<u32>> {
    let options = spv::Options { lang_version: (1, 5), ..spv::Options::default() };
    spv::write_vec(&shader.module, &shader.info, &options, None).map_err(|e| refused(shader, "SPIR-V", &e))
}

fn metal(shader: &Shader) -> Result<String> {
    let options = msl::Options { fake_missing_bindings: true, lang_version: (2, 4), ..msl::Options::default() };
    let written = msl::write_string(&shader.module, &shader.info, &options, &msl::PipelineOptions::default());
    written.map(|(text, _)| text).map_err(|e| refused(shader, "MSL", &e))
}

fn direct3d(shader: &Shader) -> Result<String> {
    let options = hlsl::Options { shader_model: hlsl::ShaderModel::V6_2, fake_missing_bindings: true, ..hlsl::Options::default() };
    let (mut text, pipeline) = (String::new(), hlsl::PipelineOptions::default());
    hlsl::Writer::new(&mut text, &options, &pipeline).write(&shader.module, &shader.info, None).map_err(|e| refused(shader, "HLSL", &e))?;
    Ok(text)
}

fn opengl(shader: &Shader) -> Result<String> {
    let options = glsl::Options { version: glsl::Version::new_gles(310), ..glsl::Options::default() };
    let pipeline = glsl::PipelineOptions { shader_stage: naga::ShaderStage::Compute, entry_point: "main".to_string(), multiview: None };
    let mut text = String::new();
    let policies = BoundsCheckPolicies::default();
    glsl::Writer::new(&mut text, &shader.module, &shader.info, &options, &pipeline, policies)
        .and_then(|mut writer| writer.write().map(|_| ()))
        .map_err(|e| refused(shader, "GLSL", &e))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_takes_a_shader_of_packed_halves() {
        let text = "@group(0) @binding(0) var<storage, read_write> y: array<vec4<u32>>;\n\
                    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {\n\
                    let v = unpack2x16float(y[id.x].y); y[id.x].x = bitcast<u32>(v.x * v.y); }\n";
        let all = translate(&Shader::new("half.wgsl", text).unwrap()).unwrap();
        assert_eq!(all.spirv[0], 0x0723_0203);
        let glsl = all.glsl.unwrap();
        for (text, sign) in [(&all.msl, "kernel void"), (&all.hlsl, "numthreads(64, 1, 1)"), (&glsl, "local_size_x = 64")] {
            assert!(text.contains(sign), "{text}");
        }
    }

    #[test]
    fn f16_has_no_form_in_opengl() {
        let text = "enable f16;\n@group(0) @binding(0) var<storage, read_write> y: array<f16>;\n\
                    @compute @workgroup_size(1) fn main() { y[0] = y[1] + 1.0h; }\n";
        let all = translate(&Shader::new("f16.wgsl", text).unwrap()).unwrap();
        assert!(all.glsl.is_none() && all.hlsl.contains("half"), "{}", all.hlsl);
    }
}
