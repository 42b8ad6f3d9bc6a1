/** @file The steepest ascent step in the maximum norm. */

/** Adds stepSize · scale · sign(gradient) in place; sign(0) = 0, so what does not matter stays. */
export function signedStep(points: Float64Array, gradient: Float64Array, scale: Float64Array, stepSize: number): void {
  for (let i = 0; i < points.length; i++) points[i] += stepSize * scale[i] * Math.sign(gradient[i])
}
