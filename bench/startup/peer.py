"""The mortgage audit's work with the Python tools a user would pick: Fairlearn for groups, Captum for attributions, a PyTorch loop for the attacks.

Same model, rows, baselines, steps and epsilons as examples/mortgage/probity.config.yaml. Intervals are left out where the tool has none; Fairlearn's
bootstrap stands for the rest. No report is written.
"""
import pathlib
import numpy as np, onnx, pandas as pd, torch
from captum.attr import IntegratedGradients
from fairlearn.metrics import MetricFrame, count, false_negative_rate, false_positive_rate, selection_rate, true_positive_rate
from onnx import numpy_helper
from sklearn.metrics import accuracy_score, precision_score

here = pathlib.Path(__file__).resolve().parents[2] / "examples" / "mortgage"
torch.manual_seed(0)
weights = {w.name: torch.tensor(numpy_helper.to_array(w)) for w in onnx.load(here / "hmda-mlp.onnx").graph.initializer}


class Mlp(torch.nn.Module):
    def forward(self, x):
        x = (x - weights["mean"]) / weights["std"]
        x = torch.relu(x @ weights["net.0.weight"].T + weights["net.0.bias"])
        x = torch.tanh(x @ weights["net.2.weight"].T + weights["net.2.bias"])
        return x @ weights["net.4.weight"].T + weights["net.4.bias"]


model = Mlp()
data = pd.read_csv(here / "hmda-test.csv")
features = [c for c in data.columns if c not in ("black", "denied")]
x, y = torch.tensor(data[features].to_numpy(np.float32)), torch.tensor(data["denied"].to_numpy())
predicted = model(x).argmax(1)

rates = {"selection rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate, "fnr": false_negative_rate, "accuracy": accuracy_score, "precision": precision_score, "n": count}
for column in ("black", "single"):
    frame = MetricFrame(metrics=rates, y_true=(y == 0).numpy().astype(int), y_pred=(predicted == 0).numpy().astype(int), sensitive_features=data[column], n_boot=100, ci_quantiles=[0.025, 0.975], random_state=0)
    frame.by_group, frame.by_group_ci, frame.difference(), frame.difference_ci()

rows = torch.randperm(len(x))[:500]
baselines = x[predicted == 0][torch.randperm(int((predicted == 0).sum()))[:32]]
log_odds = lambda z: (lambda o: o[:, 1] - o[:, 0])(model(z))
ig = IntegratedGradients(log_odds)
for baseline in baselines:
    ig.attribute(x[rows], baselines=baseline.expand(500, -1), n_steps=32, return_convergence_delta=True)
ig.attribute(x[rows], baselines=x.mean(0).expand(500, -1), n_steps=32, return_convergence_delta=True)

sd, low, high = x.std(0), x.min(0).values, x.max(0).values
mask = torch.tensor([float(c in ("debt_to_income", "housing_to_income", "loan_to_value", "industry_unemployment_rate")) for c in features])
for steps in (1, 40):
    for epsilon in (0.1, 0.05, 0.2, 0.4):
        start, target = x[rows], y[rows]
        size = epsilon * sd * mask
        z = start if steps == 1 else start + (2 * torch.rand_like(start) - 1) * size
        for _ in range(steps):
            z = z.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(torch.nn.functional.cross_entropy(model(z), target, reduction="sum"), z)
            step = size if steps == 1 else size / 10
            z = torch.minimum(torch.maximum(start + (z + step * gradient.sign() - start).clamp(-size, size), low), high)
        (model(z).argmax(1) == target).float().mean()
