"""A step of training in PyTorch, as falx bench has it: forward, weighted log loss, backward, clip, AdamW."""
import torch
from torch.nn import functional as F

from networks import LABELS

LABEL_WEIGHTS = [2 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7, 1 / 7]


def random_labels(batch, device):
    """As rare as bleeds."""
    random = torch.Generator().manual_seed(1)
    return (torch.rand(batch, LABELS, generator=random) < 0.1).float().to(device)


def parameter_groups(network):
    """Matrices and filters decay, vectors do not."""
    return [{"params": [p for p in network.parameters() if p.ndim > 1], "weight_decay": 0.1},
            {"params": [p for p in network.parameters() if p.ndim == 1], "weight_decay": 0.0}]


def training_step(network, x, autocast, optimize=lambda function: function):
    """A function that takes a step and returns loss and norm of the gradient. autocast: makes a context for the
    forward pass; optimize: makes a faster function of one, as torch.compile does."""
    network.train()
    labels = random_labels(len(x), x.device)
    weights = torch.tensor(LABEL_WEIGHTS, device=x.device)
    optimizer = torch.optim.AdamW(parameter_groups(network), lr=1e-4, fused=True)

    def loss_of(images):
        with autocast():
            logits = network(images)
        return (F.binary_cross_entropy_with_logits(logits.float(), labels, reduction="none").mean(0) * weights).sum()

    fast_loss_of = optimize(loss_of)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = fast_loss_of(x)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        return loss.detach(), norm

    return step


def first_step(step):
    """Loss and norm of the gradient of a step whose dropout depends on nothing but its seed."""
    torch.manual_seed(2)
    return [value.item() for value in step()]
