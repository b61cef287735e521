"""The networks of models/ in plain PyTorch, the textbook's way, under Falx's names of tensors."""
import torch
from torch import nn
from torch.nn import functional as F

LABELS = 6
DROPOUT = 0.2  # before the last layer, as falx trains them


class Head(nn.Module):
    """Mean over the map, dropout; the linear layer belongs to the network, which names it."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x):
        return self.dropout(x.mean((2, 3)))


class Cnn2019(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 2)
        self.conv2 = nn.Conv2d(96, 96, 2)
        self.conv3 = nn.Conv2d(96, 96, 2)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.conv4 = nn.Conv2d(96, 96, 2)
        self.pooled = Head()
        self.classifier = nn.Linear(96, LABELS)

    def forward(self, x):
        x = F.relu(self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))))
        return self.classifier(self.pooled(F.relu(self.conv4(self.pool(x)))))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)

    def forward(self, x):
        return x + self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))


class Stage(nn.Module):
    def __init__(self, width_in, width):
        super().__init__()
        self.norm = nn.BatchNorm2d(width_in)
        self.down = nn.Conv2d(width_in, width, 3, stride=2, padding=1, bias=False)
        self.block = Block(width)

    def forward(self, x):
        return self.block(self.down(F.relu(self.norm(x))))


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)
        self.stage1 = Stage(32, 48)
        self.stage2 = Stage(48, 96)
        self.stage3 = Stage(96, 192)
        self.norm = nn.BatchNorm2d(192)
        self.dropout = nn.Dropout(DROPOUT)
        self.classifier = nn.Linear(2 * 192, LABELS)

    def forward(self, x):
        x = F.relu(self.norm(self.stage3(self.stage2(self.stage1(self.stem(x))))))
        return self.classifier(self.dropout(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)))


class DenseLayer(nn.Module):
    def __init__(self, width, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(width, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, maps):
        x = self.conv1(F.relu(self.norm1(torch.cat(maps, 1)), inplace=True))
        return self.conv2(F.relu(self.norm2(x), inplace=True))


class DenseBlock(nn.ModuleDict):
    def __init__(self, layers, width, growth):
        super().__init__()
        for i in range(layers):
            self["denselayer%d" % (i + 1)] = DenseLayer(width + i * growth, growth)

    def forward(self, x):
        maps = [x]
        for layer in self.values():
            maps.append(layer(maps))
        return torch.cat(maps, 1)


class Transition(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.conv = nn.Conv2d(width, width // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2, 2)

    def forward(self, x):
        return self.pool(self.conv(F.relu(self.norm(x), inplace=True)))


class DenseNet121(nn.Module):
    BLOCKS, GROWTH = (6, 12, 24, 16), 32

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential()
        add = self.features.add_module
        add("conv0", nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False))
        add("norm0", nn.BatchNorm2d(64))
        add("relu0", nn.ReLU(inplace=True))
        add("pool0", nn.MaxPool2d(3, stride=2, padding=1))
        width = 64
        for i, layers in enumerate(self.BLOCKS):
            add("denseblock%d" % (i + 1), DenseBlock(layers, width, self.GROWTH))
            width += layers * self.GROWTH
            if i + 1 < len(self.BLOCKS):
                add("transition%d" % (i + 1), Transition(width))
                width //= 2
        add("norm5", nn.BatchNorm2d(width))
        self.pooled = Head()
        self.head = nn.Linear(width, LABELS)

    def forward(self, x):
        return self.head(self.pooled(F.relu(self.features(x), inplace=True)))


class Vgg16(nn.Module):
    STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))

    def __init__(self):
        super().__init__()
        layers, width = [], 3
        for stage in self.STAGES:
            for out in stage:
                layers += [nn.Conv2d(width, out, 3, padding=1), nn.ReLU(inplace=True)]
                width = out
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*layers)
        self.pooled = Head()
        self.head = nn.Linear(width, LABELS)

    def forward(self, x):
        return self.head(self.pooled(self.features(x)))


NETWORKS = {"cnn": Cnn, "cnn-2019": Cnn2019, "densenet121": DenseNet121, "vgg16": Vgg16}


def without_dropout(network):
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def make_network(name, seed=1):
    """With He et al.'s initial weights, so that numbers keep their size through any depth."""
    torch.manual_seed(seed)
    network = NETWORKS[name]()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.1)
    return network
