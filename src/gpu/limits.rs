//! Limits and features of devices by their WebGPU names.

use wgpu::{Features, Limits};

macro_rules! limits {
    ($($name:literal => $field:ident,)*) => {
        /// Names of the limits that compute shaders meet; for all of them more is better.
        pub const NAMES: &[&str] = &[$($name,)*];

        /// The value of a limit; none if the name is not one of [`NAMES`].
        pub fn get(limits: &Limits, name: &str) -> Option<u64> {
            match name {
                $($name => Some(limits.$field.into()),)*
                _ => None,
            }
        }

        /// Raises a limit to at least this value.
        pub fn raise(limits: &mut Limits, name: &str, value: u64) {
            match name {
                $($name => limits.$field = limits.$field.max(value.try_into().unwrap_or(limits.$field)),)*
                _ => {}
            }
        }

        /// Lowers a limit to at most this value.
        pub fn lower(limits: &mut Limits, name: &str, value: u64) {
            match name {
                $($name => limits.$field = limits.$field.min(value.try_into().unwrap_or(limits.$field)),)*
                _ => {}
            }
        }
    };
}

limits! {
    "maxBufferSize" => max_buffer_size,
    "maxStorageBufferBindingSize" => max_storage_buffer_binding_size,
    "maxUniformBufferBindingSize" => max_uniform_buffer_binding_size,
    "maxStorageBuffersPerShaderStage" => max_storage_buffers_per_shader_stage,
    "maxUniformBuffersPerShaderStage" => max_uniform_buffers_per_shader_stage,
    "maxBindingsPerBindGroup" => max_bindings_per_bind_group,
    "maxComputeWorkgroupStorageSize" => max_compute_workgroup_storage_size,
    "maxComputeInvocationsPerWorkgroup" => max_compute_invocations_per_workgroup,
    "maxComputeWorkgroupSizeX" => max_compute_workgroup_size_x,
    "maxComputeWorkgroupSizeY" => max_compute_workgroup_size_y,
    "maxComputeWorkgroupSizeZ" => max_compute_workgroup_size_z,
    "maxComputeWorkgroupsPerDimension" => max_compute_workgroups_per_dimension,
}

/// Limits that decide only how large a problem may be: a device is asked for all it has of them.
pub const SIZES: [&str; 2] = ["maxBufferSize", "maxStorageBufferBindingSize"];

/// Features that shaders or this host can use, by their WebGPU names.
pub const FEATURES: [(&str, Features); 3] =
    [("shader-f16", Features::SHADER_F16), ("subgroups", Features::SUBGROUP), (TIMESTAMPS, Features::TIMESTAMP_QUERY)];

/// The feature that times steps.
pub const TIMESTAMPS: &str = "timestamp-query";

/// The feature of a WebGPU name; none if this host does not know it.
pub fn feature(name: &str) -> Option<Features> {
    FEATURES.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
}

/// WebGPU names of the features in a set.
pub fn feature_names(features: Features) -> Vec<&'static str> {
    FEATURES.iter().filter(|(_, f)| features.contains(*f)).map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_own_value() {
        let mut limits = Limits::default();
        for (i, name) in NAMES.iter().enumerate() {
            let before = get(&limits, name).unwrap();
            raise(&mut limits, name, before.saturating_sub(1));
            assert_eq!(get(&limits, name), Some(before), "{name} is never lowered");
            raise(&mut limits, name, before + 1 + i as u64);
            assert_eq!(get(&limits, name), Some(before + 1 + i as u64), "{name}");
            lower(&mut limits, name, before + 2 + i as u64);
            assert_eq!(get(&limits, name), Some(before + 1 + i as u64), "{name} is never raised");
            lower(&mut limits, name, before + i as u64);
            assert_eq!(get(&limits, name), Some(before + i as u64), "{name}");
        }
        assert!(SIZES.iter().all(|name| NAMES.contains(name)));
        assert_eq!((get(&limits, "maxNothing"), feature("nothing")), (None, None));
        assert_eq!(feature_names(feature("shader-f16").unwrap()), ["shader-f16"]);
    }
}
