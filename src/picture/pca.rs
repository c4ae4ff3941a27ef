//! The first principal components of a set of vectors, the same on every run and machine.

/// Vectors carried through the iteration: more than are wanted, so that the wanted ones settle sooner.
const BLOCK: usize = 8;

/// Rounds after which the iteration stops even if it has not settled.
const MAX_ROUNDS: usize = 60;

type Row = [f64; BLOCK];

/// Scores of every vector on the first `N` components.
#[derive(Debug, Clone)]
pub struct Components<const N: usize> {
    pub scores: Vec<[f64; N]>,
    /// Share of the whole variance that each component holds.
    pub explained: [f64; N],
}

/// Projects `data`, vectors of `dim` numbers, on the directions of largest variance (subspace iteration in f64).
/// The sign of a direction is such that its largest coefficient is positive.
pub fn principal_components<const N: usize>(data: &[f32], dim: usize) -> Components<N> {
    const { assert!(N <= BLOCK) };
    let count = data.len() / dim.max(1);
    let x = centred(data, dim, count);
    let total: f64 = x.iter().map(|v| v * v).sum();
    if total == 0.0 || count < 2 {
        return Components { scores: vec![[0.0; N]; count], explained: [0.0; N] };
    }

    // The start only has to be no special direction; the golden ratio spreads it evenly.
    let mut basis: Vec<Row> =
        (0..dim).map(|i| std::array::from_fn(|j| ((i * BLOCK + j + 1) as f64 * 0.618_033_988_749_894_9).fract() - 0.5)).collect();
    orthonormalise(&mut basis);
    let mut held = 0.0;
    for _ in 0..MAX_ROUNDS {
        let scores = project(&x, &basis);
        let now: f64 = scores.iter().flatten().map(|s| s * s).sum();
        basis = back_project(&x, &scores, dim);
        orthonormalise(&mut basis);
        if (now - held).abs() <= 1e-9 * now {
            break;
        }
        held = now;
    }

    // Inside the subspace the components are the eigenvectors of a small matrix.
    let scores = project(&x, &basis);
    let mut small = [[0.0; BLOCK]; BLOCK];
    for s in &scores {
        for i in 0..BLOCK {
            for j in 0..BLOCK {
                small[i][j] += s[i] * s[j];
            }
        }
    }
    let (values, vectors) = symmetric_eigen(small);
    let mut order: [usize; BLOCK] = std::array::from_fn(|i| i);
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let signs: [f64; N] = std::array::from_fn(|c| {
        let mut largest = 0.0f64;
        for row in &basis {
            let coefficient = dot(row, &vectors, order[c]);
            if coefficient.abs() > largest.abs() * (1.0 + 1e-9) {
                largest = coefficient;
            }
        }
        if largest < 0.0 { -1.0 } else { 1.0 }
    });
    Components {
        scores: scores.iter().map(|s| std::array::from_fn(|c| signs[c] * dot(s, &vectors, order[c]))).collect(),
        explained: std::array::from_fn(|c| values[order[c]].max(0.0) / total),
    }
}

/// The data in f64 with the mean of every dimension taken off.
fn centred(data: &[f32], dim: usize, count: usize) -> Vec<f64> {
    let mut mean = vec![0.0; dim];
    for row in data.chunks_exact(dim.max(1)) {
        for (m, &v) in mean.iter_mut().zip(row) {
            *m += f64::from(v);
        }
    }
    for m in &mut mean {
        *m /= count as f64;
    }
    data.chunks_exact(dim.max(1)).flat_map(|row| row.iter().zip(&mean).map(|(&v, m)| f64::from(v) - m)).collect()
}

fn project(x: &[f64], basis: &[Row]) -> Vec<Row> {
    let score = |row: &[f64]| {
        let mut sum = [0.0; BLOCK];
        for (&v, b) in row.iter().zip(basis) {
            for j in 0..BLOCK {
                sum[j] += v * b[j];
            }
        }
        sum
    };
    x.chunks_exact(basis.len()).map(score).collect()
}

fn back_project(x: &[f64], scores: &[Row], dim: usize) -> Vec<Row> {
    let mut out = vec![[0.0; BLOCK]; dim];
    for (row, s) in x.chunks_exact(dim).zip(scores) {
        for (&v, o) in row.iter().zip(&mut out) {
            for j in 0..BLOCK {
                o[j] += v * s[j];
            }
        }
    }
    out
}

/// Gram-Schmidt over the columns, twice for accuracy; a column that depends on those before it becomes zero.
fn orthonormalise(basis: &mut [Row]) {
    for j in 0..BLOCK {
        let before: f64 = basis.iter().map(|r| r[j] * r[j]).sum();
        for k in (0..j).chain(0..j) {
            let along: f64 = basis.iter().map(|r| r[j] * r[k]).sum();
            basis.iter_mut().for_each(|r| r[j] -= along * r[k]);
        }
        let after: f64 = basis.iter().map(|r| r[j] * r[j]).sum();
        let scale = if after <= 1e-24 * before { 0.0 } else { 1.0 / after.sqrt() };
        basis.iter_mut().for_each(|r| r[j] *= scale);
    }
}

fn dot(row: &Row, vectors: &[Row; BLOCK], column: usize) -> f64 {
    (0..BLOCK).map(|i| row[i] * vectors[i][column]).sum()
}

/// Eigenvalues and eigenvectors (as columns) by Jacobi rotations.
fn symmetric_eigen(mut a: [Row; BLOCK]) -> ([f64; BLOCK], [Row; BLOCK]) {
    let mut v = [[0.0; BLOCK]; BLOCK];
    (0..BLOCK).for_each(|i| v[i][i] = 1.0);
    for _ in 0..30 {
        for p in 0..BLOCK {
            for q in p + 1..BLOCK {
                if a[p][q] == 0.0 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = if theta == 0.0 { 1.0 } else { theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt()) };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for row in &mut a {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let (above, below) = a.split_at_mut(q);
                for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
                for row in &mut v {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
            }
        }
    }
    (std::array::from_fn(|i| a[i][i]), v)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors that vary along three known directions, and a little noise.
    fn cloud(count: usize, dim: usize) -> Vec<f32> {
        let wave = |i: usize, k: usize| (i as f64 * (0.37 + 0.21 * k as f64) + k as f64).sin();
        let mut data = Vec::new();
        for i in 0..count {
            for d in 0..dim {
                let along = |k: usize| if d % 5 == k { wave(i, k) } else { 0.0 };
                data.push((9.0 + 8.0 * along(0) + 4.0 * along(1) - 2.0 * along(2) + 1e-3 * wave(d, i % 7)) as f32);
            }
        }
        data
    }

    #[test]
    fn known_directions_are_found() {
        let (count, dim) = (300, 40);
        let found = principal_components::<3>(&cloud(count, dim), dim);
        assert!(found.explained.iter().sum::<f64>() > 0.999, "{:?}", found.explained);
        assert!(found.explained[0] > found.explained[1] && found.explained[1] > found.explained[2]);
        for (k, size) in [(0, 8.0), (1, 4.0), (2, 2.0)] {
            // The score of a vector is its place along the direction, up to the mean and, for the third, the sign.
            let wave = |i: usize| (i as f64 * (0.37 + 0.21 * k as f64) + k as f64).sin() * size * (dim as f64 / 5.0).sqrt();
            let mean = (0..count).map(wave).sum::<f64>() / count as f64;
            let close = |sign: f64| (0..count).all(|i| (found.scores[i][k] - sign * (wave(i) - mean)).abs() < 0.5);
            assert!(close(1.0) || close(-1.0), "component {k}");
        }
    }

    #[test]
    fn variance_is_that_of_the_whole_decomposition() {
        // Two dimensions: the eigenvalues of the covariance are known in closed form.
        let data: Vec<f32> = (0..50).flat_map(|i| [(i % 7) as f32, (i % 7) as f32 * 0.5 + (i % 3) as f32]).collect();
        let n = 50.0;
        let mean = |j: usize| data.iter().skip(j).step_by(2).map(|&v| f64::from(v)).sum::<f64>() / n;
        let moment = |j: usize, k: usize| {
            (0..50).map(|i| (f64::from(data[2 * i + j]) - mean(j)) * (f64::from(data[2 * i + k]) - mean(k))).sum::<f64>()
        };
        let (a, b, c) = (moment(0, 0), moment(0, 1), moment(1, 1));
        let root = ((a - c) * (a - c) / 4.0 + b * b).sqrt();
        let found = principal_components::<3>(&data, 2);
        assert!((found.explained[0] - ((a + c) / 2.0 + root) / (a + c)).abs() < 1e-12, "{:?}", found.explained);
        assert!((found.explained[0] + found.explained[1] - 1.0).abs() < 1e-12);
        assert!(found.explained[2].abs() < 1e-12 && found.scores.iter().all(|s| s[2].abs() < 1e-9));
    }

    #[test]
    fn degenerate_data_gives_zeros() {
        for (data, dim) in [(vec![1.0f32; 12], 3), (vec![5.0, 6.0], 2), (vec![], 4)] {
            let found = principal_components::<3>(&data, dim);
            assert_eq!(found.explained, [0.0; 3]);
            assert!(found.scores.iter().flatten().all(|s| *s == 0.0));
        }
    }

    #[test]
    fn two_runs_are_equal_and_the_sign_is_fixed() {
        let data = cloud(100, 20);
        let bits = |d: &[f32]| principal_components::<3>(d, 20).scores.iter().flatten().map(|s| s.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&data), bits(&data));
        // Turning every vector round turns every score round: the direction itself keeps its sign.
        let turned: Vec<f32> = data.iter().map(|v| -v).collect();
        let (a, b) = (principal_components::<3>(&data, 20), principal_components::<3>(&turned, 20));
        assert!(a.scores.iter().zip(&b.scores).all(|(s, t)| (0..3).all(|c| (s[c] + t[c]).abs() < 1e-6)));
    }
}
