// Errors of f64 functions in ULP, against libquadmath's 113 bits. f64-ulp.mjs builds and runs it:
//   f64-ulp <function> <file> [exponent]: the file has n numbers x, then n results. Prints the largest error and its x, then
//   how many special values (NaN, infinities, zeros) are wrong.
#include <math.h>
#include <quadmath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef __float128 quad;
static double exponent;
static quad sigmoid(quad x) { return x >= 0 ? 1 / (1 + expq(-x)) : expq(x) / (1 + expq(x)); }
static quad softplus(quad x) { return (x > 0 ? x : 0) + log1pq(expq(-fabsq(x))); }
static quad power(quad x) { return powq(x, exponent); }

static const struct { const char *name; quad (*of)(quad); } functions[] = {
    {"exp", expq}, {"expm1", expm1q}, {"log", logq}, {"log1p", log1pq}, {"sin", sinq}, {"cos", cosq}, {"atan", atanq},
    {"tanh", tanhq}, {"sigmoid", sigmoid}, {"softplus", softplus}, {"pow", power}};

int main(int count, char **arguments) {
  quad (*of)(quad) = 0;
  for (size_t k = 0; k < sizeof functions / sizeof *functions; k++)
    if (!strcmp(functions[k].name, arguments[1])) of = functions[k].of;
  if (count > 3) exponent = atof(arguments[3]);
  FILE *file = fopen(arguments[2], "rb");
  fseek(file, 0, SEEK_END);
  long n = ftell(file) / 16, wrong = 0;
  rewind(file);
  double *x = malloc(n * 8), *y = malloc(n * 8), worst = 0, where = 0;
  if (fread(x, 8, n, file) != (size_t)n || fread(y, 8, n, file) != (size_t)n) return 1;
  for (long i = 0; i < n; i++) {
    quad exact = of(x[i]);
    double nearest = exact;
    if (!isfinite(nearest) || !isfinite(y[i]) || nearest == 0) {
      int same = isnan(nearest) ? isnan(y[i]) : nearest == y[i] && !signbit(nearest) == !signbit(y[i]);
      // Within one rounding of the overflow, or of the smallest number.
      int close = (isinf(y[i]) && fabs(nearest) >= 0x1.fffffffffffffp1023) || (nearest == 0 && fabs(y[i]) <= 0x1p-1074);
      if (!same && !close) {
        if (wrong++ == 0) printf("%.17g gives %.17g, not %.17g\n", x[i], y[i], nearest);
      }
      continue;
    }
    int e;
    frexpq(exact, &e);
    e = e - 53 < -1074 ? -1074 : e - 53;
    double error = fabs((double)scalbnq((quad)y[i] - exact, -e));
    if (error > worst) worst = error, where = x[i];
  }
  printf("%.4f %.17g %ld\n", worst, where, wrong);
}
