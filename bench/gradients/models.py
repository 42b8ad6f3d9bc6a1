"""The six networks of the comparison and a ResNet-50, in PyTorch, with random weights; written as ONNX where the comparison needs them.

    python models.py FOLDER NAME…    writes NAME.onnx, one raw file per input, the gradient in double precision, and NAME.json with shapes and operation counts
"""
import json
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F


class Mlp(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(1000, 500), nn.ReLU(), nn.Linear(500, 100), nn.ReLU(), nn.Linear(100, 10))


class Cnn(nn.Sequential):
    def __init__(self):
        conv = lambda i, o: (nn.Conv2d(i, o, 3, padding=1), nn.ReLU())
        pool = lambda: nn.MaxPool2d(2)
        super().__init__(*conv(3, 32), *conv(32, 32), pool(), *conv(32, 64), *conv(64, 64), pool(), nn.Flatten(), nn.Linear(64 * 8 * 8, 256), nn.ReLU(), nn.Linear(256, 10))


class Basic(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.a, self.b = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.na, self.nb = nn.BatchNorm2d(o), nn.BatchNorm2d(o)
        self.short = nn.Sequential() if stride == 1 and i == o else nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        return F.relu(self.nb(self.b(F.relu(self.na(self.a(x))))) + self.short(x))


class Bottleneck(nn.Module):
    def __init__(self, i, width, stride):
        super().__init__()
        o = 4 * width
        self.convs = nn.Sequential(
            nn.Conv2d(i, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, o, 1, bias=False), nn.BatchNorm2d(o))
        self.short = nn.Sequential() if stride == 1 and i == o else nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        return F.relu(self.convs(x) + self.short(x))


def resnet18():
    """The version for 32×32 images: a 3×3 stem without pooling."""
    widths = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]
    return nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), *(Basic(*w) for w in widths), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def resnet50():
    blocks, i = [], 64
    for stage, (width, count) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)]):
        for k in range(count):
            blocks.append(Bottleneck(i, width, 2 if stage and not k else 1))
            i = 4 * width
    return nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


class Attention(nn.Module):
    def __init__(self, width, heads, causal=False):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.heads, self.causal = heads, causal

    def forward(self, x):
        split = lambda t: t.unflatten(2, (self.heads, -1)).transpose(1, 2)  # [batch, heads, tokens, width / heads]
        y = F.scaled_dot_product_attention(split(self.q(x)), split(self.k(x)), split(self.v(x)), is_causal=self.causal)
        return self.out(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, first, causal=False, gelu="none"):
        super().__init__()
        self.attention, self.first = Attention(width, heads, causal), first
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(gelu), nn.Linear(4 * width, width))

    def forward(self, x):
        if self.first:
            x = x + self.attention(self.n1(x))
            return x + self.mlp(self.n2(x))
        x = self.n1(x + self.attention(x))
        return self.n2(x + self.mlp(x))


class Vit(nn.Module):
    def __init__(self, width=192, heads=3, depth=4):
        super().__init__()
        self.patches, self.token, self.place = nn.Conv2d(3, width, 4, 4), nn.Parameter(torch.randn(1, 1, width)), nn.Parameter(torch.randn(1, 65, width) * 0.1)
        self.blocks, self.norm, self.head = nn.Sequential(*(Block(width, heads, True) for _ in range(depth))), nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)  # [batch, 64, width]
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.place
        return self.head(self.norm(self.blocks(x))[:, 0])


class Bert(nn.Module):
    """From word embeddings to two classes, read at the first token."""

    def __init__(self, width=256, heads=4, depth=4, tokens=128):
        super().__init__()
        self.place, self.norm = nn.Parameter(torch.randn(1, tokens, width) * 0.1), nn.LayerNorm(width)
        self.blocks, self.pooler, self.head = nn.Sequential(*(Block(width, heads, False) for _ in range(depth))), nn.Linear(width, width), nn.Linear(width, 2)

    def forward(self, x):
        return self.head(torch.tanh(self.pooler(self.blocks(self.norm(x + self.place))[:, 0])))


class Gpt(nn.Module):
    """From word embeddings to the log-likelihood of a text, which every token adds to."""

    def __init__(self, width=256, heads=4, depth=4, tokens=128, words=512):
        super().__init__()
        self.place, self.norm, self.head = nn.Parameter(torch.randn(1, tokens, width) * 0.1), nn.LayerNorm(width), nn.Linear(width, words, bias=False)
        self.blocks = nn.Sequential(*(Block(width, heads, True, True, "tanh") for _ in range(depth)))

    def forward(self, x, following):
        logits = self.head(self.norm(self.blocks(x + self.place)))  # [batch, tokens, words]
        return torch.log_softmax(logits, 2).gather(2, following[:, :, None])[:, :, 0].sum(1)


MODELS = {
    "mlp": (Mlp, (512, 1000)),
    "cnn": (Cnn, (64, 3, 32, 32)),
    "resnet18": (resnet18, (32, 3, 32, 32)),
    "vit": (Vit, (16, 3, 32, 32)),
    "bert": (Bert, (8, 128, 256)),
    "gpt": (Gpt, (8, 128, 256)),
    "resnet50": (resnet50, (8, 3, 224, 224)),
}
CLASSES = {"bert": 2, "resnet50": 1000}


def make(name):
    """The network, what it is fed with, and the class per row; null where the output is the objective."""
    torch.manual_seed(0)
    build, shape = MODELS[name]
    model = build().eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1), module.running_var.uniform_(0.8, 1.2), module.weight.uniform_(0.8, 1.2), module.bias.normal_(0, 0.1)
    feeds = {"x": torch.randn(shape)}
    if name == "gpt":
        feeds["following"] = torch.randint(0, 512, shape[:2])
        return model, feeds, None
    return model, feeds, torch.randint(0, CLASSES.get(name, 10), shape[:1])


def objective(model, feeds, target):
    y = model(*feeds.values())
    return y.sum() if target is None else F.cross_entropy(y, target, reduction="sum")


def operations(model, feeds, target):
    """Multiplications and additions of matrix products and convolutions, forward alone and with the gradient of x."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as forward, torch.no_grad():
        model(*feeds.values())
    x = feeds["x"].clone().requires_grad_()
    with FlopCounterMode(display=False) as both:
        objective(model, {**feeds, "x": x}, target).backward()
    return {"forward": forward.get_total_flops(), "gradient": both.get_total_flops()}


def exact(model, feeds, target):
    """The gradient of x in double precision: single precision takes another turn at some kinks, and differs there."""
    wide = {key: tensor.double() if tensor.is_floating_point() else tensor for key, tensor in feeds.items()}
    x = wide["x"].requires_grad_()
    (gradient,) = torch.autograd.grad(objective(model.double(), wide, target), x)
    model.float()
    return gradient


def export(name, folder):
    model, feeds, target = make(name)
    batch = torch.export.Dim("batch", max=4096)
    shapes = tuple({0: batch} for _ in feeds)
    torch.onnx.export(model, tuple(feeds.values()), str(folder / f"{name}.onnx"), input_names=list(feeds), output_names=["y"], dynamic_shapes=shapes, dynamo=True, external_data=False, opset_version=18, verbose=False)
    tensors = {**feeds, **({} if target is None else {"target": target})}
    for key, tensor in tensors.items():
        (folder / f"{name}.{key}.bin").write_bytes(tensor.numpy().tobytes())
    if name != "resnet50":
        (folder / f"{name}.expected.bin").write_bytes(exact(model, feeds, target).float().numpy().tobytes())
    about = {
        "inputs": {key: {"dims": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")} for key, tensor in tensors.items()},
        "loss": None if target is None else "cross-entropy",
        "operations": operations(model, feeds, target) if name != "resnet50" else None,
    }
    (folder / f"{name}.json").write_text(json.dumps(about))


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        export(wanted, pathlib.Path(sys.argv[1]))
