"Phantom sweeps with a machine's screen around and over them, whose sector and ink are known: what the pages beside this file judge by."
import io
from types import SimpleNamespace

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sslus.phantom.patient import Patient, sweep_poses
from sslus.video.video import to_grey

INK = dict(white=(255, 255, 255), yellow=(255, 230, 0), grey=(170, 170, 170), green=(0, 255, 90))
WORDS = 'RT LOBE 4C', 'ANT 12.5cm', 'LIVER', 'Dist 3.42', 'TIB 0.2 MI 1.1', 'SAG L', '4CH view', 'PRE'

def write(d, rng, n, font, box):
    "`n` labels somewhere in a box."
    for _ in range(n):
        d.text((rng.uniform(*box[::2]), rng.uniform(*box[1::2])), WORDS[rng.integers(len(WORDS))], font=font, fill=255)

def caliper(d, a, b, arm, width):
    "Two crosses and the dots between them."
    for x,y in (a, b):
        d.line([(x-arm, y), (x+arm, y)], 255, width)
        d.line([(x, y-arm), (x, y+arm)], 255, width)
    for t in np.linspace(0, 1, max(3, int(np.hypot(*(b-a))/6)))[1:-1]:
        x,y = np.round(a + t*(b-a))
        d.rectangle([x, y, x+width-1, y+width-1], 255)

def trace(s, w, t, n_frames, beat=.22):
    "An ECG line in the lower part of the picture at frame `t`: drawn from left to right, with a gap before what is left of the last sweep."
    im,x = Image.new('L', (w, s)),np.arange(int(.3*w), int(.7*w))
    phase = (x/w) % beat/beat
    y = (
        0.72 * s
        - 0.09 * s * np.exp(-(((phase - 0.4) / 0.04) ** 2))
        + 0.03 * s * np.exp(-(((phase - 0.5) / 0.03) ** 2))
        - 0.02 * s * np.exp(-(((phase - 0.75) / 0.08) ** 2))
    )
    pen = x[0] + t/n_frames*len(x)
    for part in (x < pen, x > pen + .06*w):
        ImageDraw.Draw(im).line(list(zip(x[part], y[part])), 255, max(1, round(s/250)))
    return np.asarray(im)

def screen(rng, s, w, n_frames, clock=None, ecg=False):
    "Opacity (frames, s, w) of what is written around and over a picture of side `s`."
    x0,lw,font = (w-s)//2,max(1, round(s/250)),ImageFont.load_default(max(9, int(rng.choice([.045, .06, .08])*s)))
    im = Image.new('L', (w, s))
    d = ImageDraw.Draw(im)
    write(d, rng, 2, font, (x0+.25*s, .3*s, x0+.55*s, .85*s))                                   # in the picture
    caliper(d, *(rng.uniform(.3, .7, (2, 2))*s + [x0, 0]), max(2, s//60), lw)
    write(d, rng, 3, font, (2, 2, 10, .3*s))                                                    # beside it
    for i in range(11):
        d.line([(w - (6 if i%5 else 10), .05*s+i*.09*s), (w-1, .05*s+i*.09*s)], 255, lw)
    d.ellipse([x0+.25*s, .01*s, x0+.3*s, .06*s], 255)
    frames = [im.copy() for _ in range(n_frames)]
    for t,f in enumerate(frames):
        ImageDraw.Draw(f).text(clock or (2, .9*s), f'{7*t:03d} {.13*t:05.2f}s', font=font, fill=255)
    return np.stack([np.maximum(f, trace(s, w, t, n_frames)*ecg) for t,f in enumerate(frames)])

def over(frames, alpha, colour):
    "RGB frames on a wider screen with a grey bar, `alpha` in `colour` over them."
    n,s,w = alpha.shape
    x0 = (w-s)//2
    g = np.zeros((n, s, w), np.uint8)
    g[:, :, x0:x0+s] = frames
    g[:, int(.4*s):int(.7*s), 4:4+w//40] = np.linspace(255, 20, int(.7*s)-int(.4*s))[:,None]
    a = alpha[..., None]/255
    return (g[..., None]*(1-a) + np.array(INK[colour])*a + .5).astype(np.uint8)

def through_h264(rgb, crf='23'):
    "Encode and decode, in memory."
    b = io.BytesIO()
    with av.open(b, 'w', format='mp4') as c:
        s = c.add_stream('libx264', rate=25, options=dict(crf=crf, threads='1'))
        s.height,s.width,s.pix_fmt = *rgb.shape[1:3],'yuv420p'
        for f in rgb:
            c.mux(s.encode(av.VideoFrame.from_ndarray(f, format='rgb24')))
        c.mux(s.encode())
    with av.open(io.BytesIO(b.getvalue())) as c:
        return np.stack([f.to_ndarray(format='rgb24') for f in c.decode(video=0)])

def bare(seed, s, n=24):
    "Frames of a phantom sweep without its overlay, and its true sector."
    p,rng = Patient([7, seed], size=s),np.random.default_rng(seed)
    own,p.overlay = p.overlay,np.zeros_like(p.overlay)
    frames = p.render(sweep_poses(2*n, rng, p.body.heart_rate)[::2])
    return frames,np.diff(p.optics.scan.indptr).reshape(s, s) > 0,own  # pixels that some beam reaches

def dressed(seed, s, colour=None, n=24, plain=False, **kw):
    "The same as an rgb clip with a machine's screen around it (`plain`: nothing written in the picture); its sector and its ink (opacity)."
    frames,sector,_ = bare(seed, s, n)
    w,rng = int(1.4*s)//2*2,np.random.default_rng(seed)
    wide = np.zeros((s, w), bool)
    wide[:, (w-s)//2:(w-s)//2+s] = sector
    alpha = screen(rng, s, w, n, **kw)
    if plain: alpha[:, wide] = 0
    colour = colour or list(INK)[seed % 3]
    rgb = through_h264(over(frames, alpha, colour))
    return SimpleNamespace(rgb=rgb, colour=colour, grey=to_grey(rgb), sector=wide, ink=alpha)
