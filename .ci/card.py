"Draw nbs/images/social.png (1200 x 630, what a link to the site shows) and nbs/images/favicon.png from the phantom."
import tempfile
from pathlib import Path
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from matplotlib import font_manager
from sslus.phantom.phantom import make_phantom
from sslus.video.video import Video, get_videos

images = Path(__file__).resolve().parent.parent/'nbs/images'
night, pale, blue = (13, 22, 34), (236, 241, 245), (86, 180, 233)

def font(size, weight='normal'): return ImageFont.truetype(font_manager.findfont(font_manager.FontProperties(family='DejaVu Sans', weight=weight)), size)

def sweep(size):
    "A frame from the middle of a phantom sweep, grey, on the night colour."
    with tempfile.TemporaryDirectory() as tmp:
        made = make_phantom(Path(tmp)/'phantom', n_patients=6, n_sweeps=6, n_frames=24, n_stills=6, n_test_sweeps=1, size=size, progress=False)
        frames = [list(Video(o))[12] for o in get_videos(made/'sweeps')]
    best = max(frames, key=lambda f: f.astype(float).std())
    best[:size//16] = 0                                     # what the machine wrote on it
    light = (best/255.)[...,None]
    return Image.fromarray((np.array(night)*(1 - light) + 255*light).astype(np.uint8))

def card():
    im = Image.new('RGB', (1200, 630), night); d = ImageDraw.Draw(im)
    im.paste(sweep(560), (620, 35))
    d.text((70, 150), 'sslus', font=font(120, 'bold'), fill=pale)
    d.line((74, 312, 190, 312), fill=blue, width=6)
    for i,line in enumerate(('Self-supervised learning', 'for ultrasound video')): d.text((72, 340 + 52*i), line, font=font(36), fill=pale)
    for i,line in enumerate(('from a folder of unlabelled clips to an encoder', 'and an honest table of what it brings')): d.text((72, 470 + 34*i), line, font=font(21), fill=blue)
    return im.quantize(64)

def icon(size=64, k=8):
    "A sector with two echoes, drawn large and made small."
    im = Image.new('RGBA', (size*k,)*2, (0, 0, 0, 0)); d = ImageDraw.Draw(im); u = size*k/64
    def arc(r, width=None, fill=None): 
        box = [(32 - r)*u, (2 - r)*u, (32 + r)*u, (2 + r)*u]
        d.pieslice(box, 50, 130, fill=fill) if width is None else d.arc(box, 56, 124, fill=fill, width=int(width*u))
    arc(60, fill=(*night, 255))
    for r,c in ((24, pale), (38, blue), (52, pale)): arc(r, 5, (*c, 255))
    return im.resize((size, size), Image.LANCZOS)

if __name__ == '__main__':
    card().save(images/'social.png', optimize=True); icon().save(images/'favicon.png', optimize=True)
    for o in ('social', 'favicon'): print(o, Image.open(images/f'{o}.png').size, (images/f'{o}.png').stat().st_size//1024, 'kB')
