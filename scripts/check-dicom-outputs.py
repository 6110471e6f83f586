"""Reads objects with highdicom, dcmqi and plastimatch, and compares their masks: one line each, "ok" or "fault"."""
import json, os, subprocess, sys, glob
import numpy as np
import nrrd, pydicom, highdicom
from safetensors.numpy import load_file

written, out = json.load(open(sys.argv[1])), sys.argv[2]


def masks_of(each):
    tensors = load_file(each["masks"])
    return [tensors["masks"][i] for i in range(len(each["labels"]))] if "masks" in tensors else [tensors[name] for name in each["labels"]]


def planes_of(each):
    """Position and steps per column and row of each frame of the source, in the order of the masks."""
    found = {d.SOPInstanceUID: d for d in map(pydicom.dcmread, glob.glob(each["source"] + "/*"))}
    planes = []
    for uid, _ in each["frames"]:
        d = found[uid]
        if "ImagePositionPatient" not in d:
            return None
        o, s = np.array(d.ImageOrientationPatient, float), np.array(d.PixelSpacing, float)
        planes.append((np.array(d.ImagePositionPatient, float), o[:3] * s[1], o[3:] * s[0]))
    return planes


def on_grid(file, each, mask, label=None):
    """Share of agreement (IoU) of an NRRD volume, or of one label in it, with a mask: voxel by voxel by place in the patient."""
    data, header = nrrd.read(file)
    data = data != 0 if label is None else data == label
    to_index = np.linalg.inv(np.array(header["space directions"], float).T)
    found, expected = np.count_nonzero(data), 0
    both = 0
    for k, (position, column, row) in enumerate(planes_of(each)):
        ys, xs = np.nonzero(mask[k])
        places = position + xs[:, None] * column + ys[:, None] * row
        indices = np.rint((places - np.array(header["space origin"], float)) @ to_index.T).astype(int)
        inside = np.all((indices >= 0) & (indices < data.shape), axis=1)
        both += np.count_nonzero(data[tuple(indices[inside].T)])
        expected += len(xs)
    return both / max(1, found + expected - both)


def say(ok, text):
    print("ok" if ok else "fault", text)


def highdicom_seg(each):
    seg = highdicom.seg.segread(each["file"])
    size = (seg.Rows, seg.Columns)
    for i, mask in enumerate(masks_of(each)):
        wanted = np.rint(mask * 255) / 255 if each["isFractional"] else mask
        frames = each["frames"]
        numbers = [f for _, f in frames]
        if numbers[0] > 0:
            got = seg.get_pixels_by_source_frame(frames[0][0], numbers, segment_numbers=[i + 1], ignore_spatial_locations=True, assert_missing_frames_are_empty=True)
        else:
            got = seg.get_pixels_by_source_instance([u for u, _ in frames], segment_numbers=[i + 1], ignore_spatial_locations=True, assert_missing_frames_are_empty=True)
        got = np.asarray(got)[..., 0]
        say(np.abs(got.astype(float) - wanted).max() < 1e-6, f"highdicom seg {each['name']} segment {i + 1}: {int((wanted > 0).sum())} pixels")


def dcmqi_seg(each):
    if planes_of(each) is None:
        return
    folder = os.path.join(out, "dcmqi", each["name"])
    os.makedirs(folder)
    tool = os.path.join(os.path.dirname(sys.executable), "segimage2itkimage")
    run = subprocess.run([tool, "--inputDICOM", each["file"], "--outputDirectory", folder, "--outputType", "nrrd"], capture_output=True, text=True)
    for i, mask in enumerate(masks_of(each)):
        # A label map becomes one volume of all labels.
        files = sorted(glob.glob(folder + ("/*.nrrd" if each["isLabelmap"] else f"/*{i + 1}.nrrd")))
        if not files:
            say(False, f"dcmqi seg {each['name']}: {run.stderr.strip()[-200:]}")
            continue
        iou = on_grid(files[0], each, np.rint(mask * 255) > 0 if each["isFractional"] else mask, i + 1 if each["isLabelmap"] else None)
        say(iou == 1, f"dcmqi seg {each['name']} segment {i + 1}: IoU {iou:.4f}")


def plastimatch(each):
    folder = os.path.join(out, "plastimatch", each["name"])
    subprocess.run(["plastimatch", "convert", "--input", each["file"], "--referenced-ct", each["source"], "--output-prefix", folder, "--prefix-format", "nrrd"], capture_output=True, check=True)
    for name, mask in zip(each["labels"], masks_of(each)):
        file = os.path.join(folder, name + ".nrrd")
        iou = on_grid(file, each, mask) if os.path.exists(file) else 0
        say(iou == 1, f"plastimatch rtstruct {each['name']} {name}: IoU {iou:.4f}")


def highdicom_sr(each):
    report = highdicom.sr.srread(each["file"])
    groups = report.content.get_planar_roi_measurement_groups()
    count = sum(int((mask.reshape(mask.shape[0], -1) > 0).any(axis=1).sum()) for mask in masks_of(each))
    areas = sorted(m.value for g in groups for m in g.get_measurements() if m.name.value == "42798000")
    d = pydicom.dcmread(glob.glob(each["source"] + "/*")[0])
    pixel = float(d.PixelSpacing[0]) * float(d.PixelSpacing[1])
    wanted = sorted(float((m > 0).sum()) * pixel for mask in masks_of(each) for m in mask if (m > 0).any())
    same = len(groups) == count and np.allclose(areas, wanted, rtol=1e-6)
    say(same, f"highdicom sr {each['name']}: {len(groups)} groups, areas {[round(a, 3) for a in areas][:4]}")


checks = {"seg": [highdicom_seg, dcmqi_seg], "rtstruct": [plastimatch], "sr": [highdicom_sr]}
for each in written:
    for check in checks[each["kind"]]:
        try:
            check(each)
        except Exception as error:
            say(False, f"{check.__name__} {each['name']}: {type(error).__name__}: {str(error)[:300]}")
