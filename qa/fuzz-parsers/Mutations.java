// SPDX-License-Identifier: Apache-2.0
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.opensearch.clip.Untrusted;

/**
 * Pictures for decoders that are not Java, where no coverage can be seen: those of a corpus, and each with some bytes changed,
 * cut out, or put in from another. The file that is decoded lies beside before, so that it is known when the process dies.
 */
public final class Mutations {

    private Mutations() {}

    /** Seed, file, seconds, folders. */
    public static void main(String[] args) throws Exception {
        Untrusted parser = Untrusted.parser("picture-native");
        Random random = new Random(Long.parseLong(args[0]));
        Path file = Path.of(args[1]);
        long end = System.nanoTime() + Long.parseLong(args[2]) * 1_000_000_000;
        List<byte[]> corpus = new ArrayList<>();
        for (int i = 3; i < args.length; i++) {
            try (Stream<Path> files = Files.list(Path.of(args[i]))) {
                for (Path each : (Iterable<Path>) files::iterator) {
                    corpus.add(Files.readAllBytes(each));
                }
            }
        }
        corpus.removeIf(bytes -> bytes.length < 4 || bytes[0] != 'R' && bytes[0] != (byte) 0xFF);
        int runs = 0;
        for (; System.nanoTime() < end; runs++) {
            byte[] bytes = corpus.get(random.nextInt(corpus.size()));
            byte[] changed = runs < corpus.size() && args[0].equals("1") ? corpus.get(runs) : changed(random, bytes, corpus);
            Files.write(file, changed);
            parser.read(changed);
        }
        System.out.println(runs + " runs");
    }

    private static byte[] changed(Random random, byte[] bytes, List<byte[]> corpus) {
        byte[] changed = bytes.clone();
        for (int n = 1 + random.nextInt(6); n > 0; n--) {
            int reach = random.nextBoolean() ? changed.length : Math.min(changed.length, 700);
            int at = random.nextInt(reach);
            int length = Math.min(1 + random.nextInt(64), changed.length - at);
            switch (random.nextInt(4)) {
                case 0 -> changed[at] = (byte) random.nextInt(256);
                case 1 -> changed[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> System.arraycopy(changed, random.nextInt(changed.length - length + 1), changed, at, length);
                default -> {
                    byte[] other = corpus.get(random.nextInt(corpus.size()));
                    int from = random.nextInt(other.length);
                    System.arraycopy(other, from, changed, at, Math.min(length, other.length - from));
                }
            }
        }
        return changed;
    }
}
