"""Makes the pictures of this folder and what Pillow sees in them.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pillow==13.0.0 numpy simplejpeg transformers==5.23.0 torchvision==0.29.2
    /tmp/venv/bin/python make.py

decoded.txt   file, width, height, sha-256 of the RGB bytes of exif_transpose(Image.open(file)).convert("RGB")
resized.txt   seed, width, height, filter code, new width, new height, sha-256 of Pillow's resize of noise(seed, width, height)
prepared.txt  seed, width, height, mode, target width and height, filter code, normalised or plain, fill, sha-256 of the
              little-endian floats: transformers' CLIP processor (PIL backend) for shortest and squash, open_clip's recipe
              for longest
cropped.txt   seed, width, height, mode, target edge, edge after the resize, offset, sha-256 of the little-endian floats in
              [0, 255]: transformers' CLIP processor (PIL backend) for floor, torchvision's transforms, which are
              open_clip's, for half_even
"""

import hashlib
import io
import pathlib
import struct
import zlib

import numpy as np
import PIL
import torchvision.transforms
import transformers
from PIL import Image, ImageCms, ImageOps
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

HERE = pathlib.Path(__file__).parent
FILES = HERE / "files"


def noise(seed, size):
    """size bytes of xorshift32: ResamplerTests has the same lines in Java."""
    out = bytearray(size)
    state = seed
    for i in range(size):
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        out[i] = state >> 24
    return bytes(out)


def scene(width, height, seed=1):
    """Something like a photograph: a gradient, a sharp disc, a little noise."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    grain = np.frombuffer(noise(seed, width * height * 3), np.uint8).reshape(height, width, 3).astype(float)
    rgb = np.stack([x * 255 / width, y * 255 / height, 255 - (x + y) * 255 / (width + height)], axis=2)
    disc = (x - width * 0.6) ** 2 + (y - height * 0.4) ** 2 < (min(width, height) * 0.3) ** 2
    rgb[disc] = (230, 40, 90)
    return Image.fromarray(np.clip(rgb + (grain - 128) / 8, 0, 255).astype(np.uint8))


def save(name, image, **options):
    image.save(FILES / name, **options)


def write(name, data):
    (FILES / name).write_bytes(data)


def exif(orientation, endian="<"):
    mark = b"II*\0" if endian == "<" else b"MM\0*"
    entry = struct.pack(endian + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + mark + struct.pack(endian + "IH", 8, 1) + entry + bytes(4)


def xmp(orientation):
    return b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation


def jpegs():
    import simplejpeg

    rgb = scene(61, 43)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        save(f"jpeg-{subsampling.replace(':', '')}.jpg", rgb, quality=88, subsampling=subsampling)
    pixels = np.ascontiguousarray(np.asarray(rgb))
    for subsampling in ("440", "411"):
        write(f"jpeg-{subsampling}.jpg", simplejpeg.encode_jpeg(pixels, 88, "RGB", subsampling))
    write("jpeg-440-even.jpg", simplejpeg.encode_jpeg(np.ascontiguousarray(pixels[:32, :48]), 70, "RGB", "440"))
    save("jpeg-progressive.jpg", rgb, quality=80, progressive=True)
    save("jpeg-progressive-444.jpg", rgb, quality=92, progressive=True, subsampling="4:4:4")
    save("jpeg-optimized-restart.jpg", rgb, quality=75, optimize=True, restart_marker_blocks=3)
    save("jpeg-gray.jpg", rgb.convert("L"), quality=85)
    save("jpeg-gray-progressive.jpg", rgb.convert("L"), quality=85, progressive=True)
    save("jpeg-rgb.jpg", rgb, quality=85, keep_rgb=True)
    save("jpeg-cmyk.jpg", rgb.convert("CMYK"), quality=85)
    save("jpeg-1x1.jpg", rgb.crop((30, 20, 31, 21)), quality=85)
    save("jpeg-8x1.jpg", rgb.crop((10, 20, 18, 21)), quality=85)
    save("jpeg-3x50.jpg", scene(3, 50), quality=85)
    save("jpeg-icc.jpg", rgb, quality=85, icc_profile=swapped_profile())
    save("jpeg-comment.jpg", rgb, quality=85, comment=b"hello", dpi=(72, 72))
    save("jpeg-photo.jpg", scene(333, 250, 7), quality=90)
    small = scene(23, 14)
    for orientation in range(1, 9):
        save(f"jpeg-exif-{orientation}.jpg", small, quality=85, exif=exif(orientation, "<>"[orientation % 2]))
    save("jpeg-exif-9.jpg", small, quality=85, exif=exif(9))
    save("jpeg-xmp-6.jpg", small, quality=85, xmp=xmp(6))
    save("jpeg-exif-3-xmp-6.jpg", small, quality=85, xmp=xmp(6), exif=exif(3))
    save("jpeg-gray-exif-8.jpg", small.convert("L"), quality=85, exif=exif(8))
    plain = (FILES / "jpeg-420.jpg").read_bytes()
    write("jpeg-junk-between-segments.jpg", plain[:2] + b"\xff\xff\xfe\0\x04ab" + b"\0\x01junk" + plain[2:])
    write("jpeg-trailing.jpg", plain + bytes(100) + plain)
    write("jpeg-no-jfif.jpg", plain[:2] + plain[20:])
    ycck = bytearray((FILES / "jpeg-cmyk.jpg").read_bytes())
    adobe = ycck.index(b"Adobe")
    ycck[adobe + 11] = 2
    write("jpeg-ycck.jpg", bytes(ycck))
    write("jpeg-cmyk-no-adobe.jpg", bytes(ycck[: adobe - 4] + ycck[adobe + 12 :]))
    write("jpeg-adobe-ycc.jpg", plain[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\x01" + plain[20:])


def swapped_profile():
    """A profile that a colour-managed decoder would visibly apply, without the time it was made."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return profile[:24] + bytes(12) + profile[36:84] + bytes(16) + profile[100:]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, color, rows, *, interlace=0, before=b"", after=b""):
    """rows: one bytes per row, already packed; filter 0."""
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", data) + after + chunk(b"IEND", b"")


def pack(values, depth):
    bits = "".join(format(v, f"0{depth}b") for v in values)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def adam7(array, depth):
    """The rows of the seven passes of a two-dimensional array of samples."""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = array[y0::dy, x0::dx]
        if part.size:
            for row in part:
                yield pack(row.reshape(-1).tolist(), depth)


def pngs():
    rgb = scene(37, 29)
    alpha = Image.fromarray(np.frombuffer(noise(3, 37 * 29), np.uint8).reshape(29, 37))
    save("png-rgb.png", rgb)
    save("png-gray.png", rgb.convert("L"))
    save("png-bilevel.png", rgb.convert("1"))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    save("png-rgba.png", rgba)
    save("png-la.png", rgba.convert("LA"))
    palette = rgb.quantize(200)
    save("png-palette.png", palette)
    save("png-palette-16.png", rgb.quantize(13))
    save("png-palette-4.png", rgb.quantize(4))
    save("png-palette-2.png", rgb.quantize(2))
    save("png-palette-transparent.png", palette, transparency=5)
    save("png-palette-alphas.png", palette, transparency=bytes(range(200)))
    save("png-rgb-transparent.png", rgb, transparency=rgb.getpixel((3, 3)))
    save("png-gray-transparent.png", rgb.convert("L"), transparency=100)
    save("png-bilevel-transparent.png", rgb.convert("1"), transparency=0)
    save("png-icc.png", rgb, icc_profile=swapped_profile())
    save("png-palette-icc.png", palette, icc_profile=swapped_profile())
    gray = np.asarray(rgb.convert("L")).astype(int)
    for depth in (2, 4):
        rows = [pack(row, depth) for row in gray >> (8 - depth)]
        write(f"png-gray-{depth}.png", png(37, 29, depth, 0, rows))
        write(f"png-gray-{depth}-transparent.png", png(37, 29, depth, 0, rows, before=chunk(b"tRNS", b"\0\2")))
    wide = gray * 257 // 100 + np.arange(37)
    rows16 = [struct.pack(">37H", *row) for row in wide]
    write("png-gray-16.png", png(37, 29, 16, 0, rows16))
    write("png-gray-16-transparent.png", png(37, 29, 16, 0, rows16, before=chunk(b"tRNS", b"\0\x64")))
    samples = np.frombuffer(noise(5, 37 * 29 * 8), np.uint8).reshape(29, 37 * 8)
    for name, color, channels in (("rgb", 2, 3), ("la", 4, 2), ("rgba", 6, 4)):
        rows = [bytes(row[: 37 * channels * 2]) for row in samples]
        write(f"png-{name}-16.png", png(37, 29, 16, color, rows))
    write("png-rgb-16-transparent.png", png(37, 29, 16, 2, [bytes(r[: 37 * 6]) for r in samples], before=chunk(b"tRNS", bytes(samples[0][:6]))))
    colors = np.asarray(rgb).astype(int)
    write("png-interlaced-rgb.png", png(37, 29, 8, 2, list(adam7(colors, 8)), interlace=1))
    write("png-interlaced-gray-4.png", png(37, 29, 4, 0, list(adam7(gray >> 4, 4)), interlace=1))
    write("png-interlaced-bilevel.png", png(37, 29, 1, 0, list(adam7(gray >> 7, 1)), interlace=1))
    write("png-interlaced-3x2.png", png(3, 2, 8, 0, list(adam7(gray[:2, :3], 8)), interlace=1))
    short = chunk(b"PLTE", bytes(range(30, 30 + 3 * 5)))
    write("png-palette-short.png", png(37, 29, 4, 3, [pack(row, 4) for row in gray >> 4], before=short))
    write("png-palette-short-8.png", png(37, 29, 8, 3, [bytes(row.tolist()) for row in gray], before=short))
    write("png-gamma.png", png(37, 29, 8, 2, [bytes(r.tobytes()) for r in np.asarray(rgb)], before=chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"cHRM", struct.pack(">8I", *[31270, 32900, 30000, 60000, 64000, 33000, 15000, 6000]))))
    write("png-gray-gamma.png", png(37, 29, 8, 0, [bytes(r.tolist()) for r in gray], before=chunk(b"gAMA", struct.pack(">I", 100000))))
    tall = [bytes(r.tobytes()) for r in np.asarray(rgb)]
    write("png-exif-6.png", png(37, 29, 8, 2, tall, before=chunk(b"eXIf", exif(6)[6:])))
    write("png-exif-8-behind.png", png(37, 29, 8, 2, tall, after=chunk(b"eXIf", exif(8, ">")[6:])))
    text = b"\nexif\n" + b"%8d\n" % len(exif(5)) + exif(5).hex().encode() + b"\n"
    write("png-raw-exif-5.png", png(37, 29, 8, 2, tall, before=chunk(b"tEXt", b"Raw profile type exif\0" + text)))
    write("png-raw-exif-5-compressed.png", png(37, 29, 8, 2, tall, before=chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))))
    for name, flag, body in (("", 0, xmp(7)), ("-compressed", 1, zlib.compress(xmp(7)))):
        itxt = b"XML:com.adobe.xmp\0" + bytes([flag, 0]) + b"\0\0" + body
        write(f"png-xmp-7{name}.png", png(37, 29, 8, 2, tall, before=chunk(b"iTXt", itxt)))
    save("png-animated.png", rgb, save_all=True, append_images=[rgb.transpose(Image.Transpose.ROTATE_180)], duration=100)
    save("png-1x1.png", rgb.crop((0, 0, 1, 1)))


def gif(screen, frames, *, palette=b"", before=b""):
    """frames: (left, top, width, height, indices, local palette, transparent index or None)."""
    flags = 0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0
    out = b"GIF89a" + struct.pack("<HHBBB", *screen, flags, 1, 0) + palette + before
    for left, top, width, height, indices, local, transparent in frames:
        if transparent is not None:
            out += b"!\xf9\x04" + bytes([1, 0, 0, transparent, 0])
        local_flags = 0x80 | (len(local) // 3).bit_length() - 2 if local else 0
        out += b"," + struct.pack("<HHHHB", left, top, width, height, local_flags) + local
        bits = 8  # clear code before every 100th pixel keeps the codes at 9 bits
        codes = []
        for i, index in enumerate(indices):
            if i % 100 == 0:
                codes.append(256)
            codes.append(index)
        codes.append(257)
        stream = sum(code << 9 * i for i, code in enumerate(codes)).to_bytes((9 * len(codes) + 7) // 8, "little")
        out += bytes([bits]) + b"".join(bytes([len(stream[i : i + 255])]) + stream[i : i + 255] for i in range(0, len(stream), 255)) + b"\0"
    return out + b";"


def gifs():
    rgb = scene(41, 31)
    save("gif-palette.gif", rgb.quantize(64))
    save("gif-palette-2.gif", rgb.quantize(2))
    save("gif-gray.gif", rgb.convert("L"))
    save("gif-transparent.gif", rgb.quantize(64), transparency=7)
    save("gif-interlaced.gif", rgb.quantize(128), interlace=1)
    save("gif-not-interlaced.gif", rgb.quantize(128), interlace=0)
    save("gif-animated.gif", rgb.quantize(32), save_all=True, append_images=[rgb.rotate(90).quantize(32)], duration=50)
    indices = [i % 4 for i in range(12)]
    colors = bytes([10, 20, 30, 200, 0, 0, 0, 200, 0, 0, 0, 200])
    other = bytes([255, 255, 0, 0, 255, 255, 255, 0, 255, 1, 2, 3])
    write("gif-small-frame.gif", gif((9, 7), [(2, 3, 4, 3, indices, b"", None)], palette=colors))
    write("gif-small-frame-transparent.gif", gif((9, 7), [(2, 3, 4, 3, indices, b"", 2)], palette=colors))
    write("gif-small-frame-local.gif", gif((9, 7), [(2, 3, 4, 3, indices, other, 1)], palette=colors))
    write("gif-large-frame.gif", gif((3, 2), [(1, 1, 4, 3, indices, b"", None)], palette=colors))
    write("gif-no-palette.gif", gif((4, 3), [(0, 0, 4, 3, [i * 20 for i in range(12)], b"", None)]))
    write("gif-index-beyond-palette.gif", gif((4, 3), [(0, 0, 4, 3, [i * 20 for i in range(12)], b"", None)], palette=colors))
    write("gif-transparent-beyond-palette.gif", gif((9, 7), [(2, 3, 4, 3, indices, b"", 200)], palette=colors))
    comment = b"!\xfe\x05hello\0!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    write("gif-extensions.gif", gif((4, 3), [(0, 0, 4, 3, indices, b"", None)], palette=colors, before=comment))
    write("gif-two-frames.gif", gif((4, 3), [(0, 0, 2, 2, [0, 1, 2, 3], b"", None), (0, 0, 4, 3, indices, other, None)], palette=colors))


def bmp(header, palette, data):
    offset = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + header + palette + data


def info(width, height, bits, compression, colors=0, masks=b"", size=40):
    body = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, 0, 0, 0, colors, 0) + masks
    return body


def bmps():
    rgb = scene(23, 17)
    save("bmp-rgb.bmp", rgb)
    save("bmp-gray.bmp", rgb.convert("L"))
    save("bmp-palette.bmp", rgb.quantize(100))
    save("bmp-bilevel.bmp", rgb.convert("1"))
    rgba = rgb.convert("RGBA")
    rgba.putalpha(90)
    save("bmp-rgba.bmp", rgba)
    bits = noise(9, 4 * 8 * 5)
    write("bmp-32.bmp", bmp(info(8, 5, 32, 0), b"", bits))
    write("bmp-32-top-down.bmp", bmp(info(8, -5, 32, 0), b"", bits))
    write("bmp-24-top-down.bmp", bmp(info(8, -5, 24, 0), b"", bits[:120]))
    write("bmp-16.bmp", bmp(info(8, 5, 16, 0), b"", bits[:80]))
    write("bmp-555.bmp", bmp(info(8, 5, 16, 3, masks=struct.pack("<III", 0x7C00, 0x3E0, 0x1F)), b"", bits[:80]))
    write("bmp-565.bmp", bmp(info(8, 5, 16, 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)), b"", bits[:80]))
    write("bmp-32-masks.bmp", bmp(info(8, 5, 32, 3, masks=struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00)), b"", bits))
    v4 = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"\0" * 52
    write("bmp-v4.bmp", bmp(info(8, 5, 32, 3, masks=v4, size=108), b"", bits))
    v5 = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0) + b"LINK"[::-1] + b"\0" * 48 + struct.pack("<IIII", 4, 124, 20, 0)
    write("bmp-v5-linked-profile.bmp", bmp(info(8, 5, 32, 3, masks=v5, size=124), b"", bits))
    palette = b"".join(bytes([i * 16, 255 - i * 9, i * 3, 0]) for i in range(16))
    write("bmp-4.bmp", bmp(info(9, 4, 4, 0), palette, bits[:32]))
    write("bmp-4-few-colors.bmp", bmp(info(9, 4, 4, 0, colors=6), palette[:24], bytes(b % 6 | (b // 7 % 6) << 4 for b in bits[:32])))
    write("bmp-1.bmp", bmp(info(9, 4, 1, 0), bytes([1, 2, 3, 0, 200, 100, 50, 0]), bits[:16]))
    os2 = struct.pack("<IHHHH", 12, 9, 4, 1, 4)
    write("bmp-os2.bmp", bmp(os2, b"".join(palette[i * 4 : i * 4 + 3] for i in range(16)), bits[:32]))
    rle8 = bytes([5, 1, 0, 3, 7, 8, 9, 0, 1, 2, 0, 0, 9, 3, 0, 0, 0, 2, 4, 0, 5, 6, 0, 0, 9, 15, 0, 1])
    full = b"".join(bytes([i, 255 - i, i * 7 % 256, 0]) for i in range(256))
    write("bmp-rle8.bmp", bmp(info(9, 4, 8, 1), full, rle8))
    rle4 = bytes([5, 0x12, 0, 4, 0x34, 0x56, 0, 0, 9, 0x7A, 0, 0, 9, 0xBC, 0, 0, 9, 0xDE, 0, 1])
    write("bmp-rle4.bmp", bmp(info(9, 4, 4, 2), palette, rle4))


def webps():
    rgb = scene(45, 33)
    alpha = Image.frombytes("L", (45, 33), noise(3, 45 * 33))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    save("webp-lossy.webp", rgb, quality=80)
    save("webp-lossy-q10.webp", rgb, quality=10)
    save("webp-lossless.webp", rgb, lossless=True)
    save("webp-lossy-alpha.webp", rgba, quality=80)
    save("webp-lossless-alpha.webp", rgba, lossless=True)
    save("webp-lossless-exact.webp", rgba, lossless=True, exact=True)
    save("webp-gray.webp", rgb.convert("L"), quality=80)
    save("webp-palette.webp", rgb.quantize(5), lossless=True)
    save("webp-1x1.webp", rgb.crop((0, 0, 1, 1)))
    save("webp-icc.webp", rgb, icc_profile=swapped_profile())
    for orientation in (3, 6):
        save(f"webp-exif-{orientation}.webp", rgb, exif=exif(orientation))
    save("webp-xmp-8.webp", rgb, xmp=xmp(8))
    save("webp-photo.webp", scene(220, 150, 7), quality=75)
    frames = [scene(45, 33, seed) for seed in (4, 5)]
    save("webp-animated.webp", rgb, save_all=True, append_images=frames, duration=50)
    save("webp-animated-alpha.webp", rgba, save_all=True, append_images=frames, duration=50, lossless=True)
    inner = (FILES / "webp-lossy.webp").read_bytes()[12:]
    for name, data in (("", inner), ("-alpha", (FILES / "webp-lossy-alpha.webp").read_bytes()[30:])):
        canvas = struct.pack("<I", 0x12)[:4] + (59).to_bytes(3, "little") + (49).to_bytes(3, "little")
        place = (3).to_bytes(3, "little") + (5).to_bytes(3, "little") + (44).to_bytes(3, "little") + (32).to_bytes(3, "little")
        frame = riff(b"ANMF", place + (100).to_bytes(3, "little") + b"\0" + data)
        anim = riff(b"ANIM", b"\x10\x20\x30\xff\0\0")
        write(f"webp-small-frame{name}.webp", riff(b"RIFF", b"WEBP" + riff(b"VP8X", canvas) + anim + frame + frame))


def riff(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def decoded():
    lines = []
    for path in sorted(FILES.iterdir()):
        try:
            image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
            lines.append(f"{path.name} {image.width} {image.height} {hashlib.sha256(image.tobytes()).hexdigest()}")
        except Exception as e:
            print("Pillow refuses", path.name, repr(e))
    (HERE / "decoded.txt").write_text("\n".join(lines) + "\n")


def resized():
    lines = []
    sizes = np.frombuffer(noise(77, 4 * 60), np.uint8).reshape(60, 4).astype(int) % 120 + 1
    sizes = sizes.tolist() + [[500, 375, 299, 224], [640, 480, 64, 64], [2000, 3, 5, 224], [3, 1500, 64, 64], [1, 1, 7, 9], [64, 64, 64, 64], [64, 50, 64, 20], [50, 64, 20, 64], [100, 80, 50, 30], [100, 80, 75, 30], [100, 80, 76, 31], [80, 81, 200, 80]]
    for seed, (width, height, to_width, to_height) in enumerate(sizes, 1):
        image = Image.frombytes("RGB", (width, height), noise(seed, width * height * 3))
        for code in (1, 2, 3):
            out = image.resize((to_width, to_height), Image.Resampling(code))
            digest = hashlib.sha256(out.tobytes()).hexdigest()
            lines.append(f"{seed} {width} {height} {code} {to_width} {to_height} {digest}")
    (HERE / "resized.txt").write_text("\n".join(lines) + "\n")


def longest(image, width, height, code, fill):
    """open_clip: ResizeKeepRatio(longest=1), CenterCropOrPad(fill=fill)."""
    ratio = max(image.height / height, image.width / width)
    image = image.resize((round(image.width / ratio), round(image.height / ratio)), Image.Resampling(code))
    out = Image.new("RGB", (width, height), (fill, fill, fill))
    out.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return out


def prepared():
    lines = []
    cases = []
    for seed, (width, height) in enumerate([(50, 40), (41, 77), (32, 32), (20, 13), (7, 200), (300, 31), (33, 32), (32, 35), (1, 1)], 1):
        for mode in ("shortest", "squash", "longest"):
            cases.append((seed, width, height, mode, 32, 32, 3, "normalised", 0))
    cases += [
        (20, 90, 61, "shortest", 48, 48, 2, "plain", 0),
        (21, 90, 61, "shortest", 48, 48, 1, "normalised", 0),
        (22, 90, 61, "squash", 40, 24, 3, "normalised", 0),
        (23, 90, 61, "longest", 40, 24, 2, "normalised", 127),
        (24, 61, 90, "longest", 40, 24, 3, "plain", 255),
    ]
    for seed, width, height, mode, to_width, to_height, code, scale, fill in cases:
        image = Image.frombytes("RGB", (width, height), noise(seed, width * height * 3))
        size = {"shortest_edge": to_width} if mode == "shortest" else {"height": to_height, "width": to_width}
        if mode == "longest":
            image = longest(image, to_width, to_height, code, fill)
        processor = CLIPImageProcessorPil(
            size=size,
            crop_size={"height": to_height, "width": to_width},
            resample=code,
            do_center_crop=mode == "shortest",
            do_normalize=scale == "normalised",
        )
        pixels = processor(image, return_tensors="np")["pixel_values"][0]
        assert pixels.shape == (3, to_height, to_width) and pixels.dtype == np.float32
        digest = hashlib.sha256(pixels.astype("<f4").tobytes()).hexdigest()
        lines.append(f"{seed} {width} {height} {mode} {to_width} {to_height} {code} {scale} {fill} {digest}")
    (HERE / "prepared.txt").write_text("\n".join(lines) + "\n")


def cropped():
    lines = []
    for seed, (width, height) in enumerate([(50, 41), (41, 77), (35, 36), (20, 13), (7, 200)], 1):
        image = Image.frombytes("RGB", (width, height), noise(seed, width * height * 3))
        for mode, edge in (("shortest", 32), ("shortest", 37), ("shortest", 25), ("squash", 36)):
            processor = CLIPImageProcessorPil(
                size={"shortest_edge": edge} if mode == "shortest" else {"height": edge, "width": edge},
                crop_size={"height": 32, "width": 32},
                do_rescale=False,
                do_normalize=False,
            )
            made = {"floor": processor(image, return_tensors="np")["pixel_values"][0]}
            if mode == "shortest":
                bicubic = torchvision.transforms.InterpolationMode.BICUBIC
                crop = torchvision.transforms.CenterCrop(32)
                made["half_even"] = np.asarray(crop(torchvision.transforms.Resize(edge, bicubic)(image))).transpose(2, 0, 1)
            for offset, pixels in made.items():
                assert pixels.shape == (3, 32, 32)
                digest = hashlib.sha256(pixels.astype("<f4").tobytes()).hexdigest()
                lines.append(f"{seed} {width} {height} {mode} 32 {edge} {offset} {digest}")
    (HERE / "cropped.txt").write_text("\n".join(lines) + "\n")


def difference_hash(image):
    """imagehash.dhash of ImageHash 4.3, which needs scipy for its other hashes."""
    gray = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.LANCZOS))
    bits = "".join(str(int(bit)) for bit in (gray[:, 1:] > gray[:, :-1]).flatten())
    return f"{int(bits, 2):016x}"


def hashes():
    lines = []
    for file in sorted(FILES.iterdir()):
        image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
        lines.append(f"{file.name} {image.width} {image.height} {difference_hash(image)}")
    (HERE / "hashes.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    print("Pillow", PIL.__version__, "transformers", transformers.__version__)
    FILES.mkdir(exist_ok=True)
    for old in FILES.iterdir():
        old.unlink()
    jpegs()
    pngs()
    gifs()
    bmps()
    webps()
    decoded()
    resized()
    prepared()
    cropped()
    hashes()
    print(sum(f.stat().st_size for f in HERE.rglob("*") if f.is_file()), "bytes")
