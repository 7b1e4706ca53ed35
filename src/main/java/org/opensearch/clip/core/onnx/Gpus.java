// SPDX-License-Identifier: Apache-2.0
package org.opensearch.clip.core.onnx;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The GPUs of this machine as NVIDIA's driver tells of them, in the order of {@code nvidia-smi}: whoever uses them, and whatever this build can do
 * with them. The driver's library NVML is looked for and opened once, when it is first asked, and takes no memory of a GPU. Safe for use by many threads.
 */
public final class Gpus {

    /** @param utilizationPercent part of the last sample, up to a second, in which something ran; empty where the driver does not count it (MIG) */
    public record Gpu(int index, String name, long totalBytes, long usedBytes, OptionalInt utilizationPercent) {}

    private static final String NVML = "libnvidia-ml.so.1";
    private static final int LONGEST_NAME = 96;

    private Optional<NativeLibrary> nvml;

    /** @return none where there is no driver of NVIDIA */
    public synchronized List<Gpu> read() {
        if (nvml == null) {
            nvml = open();
        }
        return nvml.map(Gpus::read).orElseGet(List::of);
    }

    private static Optional<NativeLibrary> open() {
        try {
            return Optional.of(NativeLibrary.getInstance(NVML)).filter(library -> call(library, "nvmlInit_v2"));
        } catch (LinkageError e) { // no driver, or a JVM in which JNA cannot load its own library
            return Optional.empty();
        }
    }

    private static List<Gpu> read(NativeLibrary nvml) {
        IntByReference count = new IntByReference();
        List<Gpu> gpus = new ArrayList<>();
        if (call(nvml, "nvmlDeviceGetCount_v2", count)) {
            for (int i = 0; i < count.getValue(); i++) {
                read(nvml, i).ifPresent(gpus::add);
            }
        }
        return gpus;
    }

    /** @return empty for one that has fallen off the bus */
    private static Optional<Gpu> read(NativeLibrary nvml, int index) {
        PointerByReference device = new PointerByReference();
        byte[] name = new byte[LONGEST_NAME];
        long[] totalFreeUsed = new long[3];
        int[] gpuMemory = new int[2];
        if (!call(nvml, "nvmlDeviceGetHandleByIndex_v2", index, device)
                || !call(nvml, "nvmlDeviceGetName", device.getValue(), name, name.length)
                || !call(nvml, "nvmlDeviceGetMemoryInfo", device.getValue(), totalFreeUsed)) {
            return Optional.empty();
        }
        boolean counted = call(nvml, "nvmlDeviceGetUtilizationRates", device.getValue(), gpuMemory);
        return Optional.of(new Gpu(
                index,
                Native.toString(name, StandardCharsets.UTF_8.name()),
                totalFreeUsed[0],
                totalFreeUsed[2],
                counted ? OptionalInt.of(gpuMemory[0]) : OptionalInt.empty()));
    }

    private static boolean call(NativeLibrary nvml, String function, Object... arguments) {
        try {
            return nvml.getFunction(function).invokeInt(arguments) == 0;
        } catch (UnsatisfiedLinkError e) { // a driver that is older than the function
            return false;
        }
    }
}
