import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

/** Speaks MongoDB's protocol on 127.0.0.1. Arguments: port, file. It calls itself 4.4, the oldest that today's driver takes. */
public class MongoServerMain {
  public static void main(String[] arguments) throws Exception {
    H2Backend backend = new H2Backend(arguments[1]);
    backend.version(new MongoVersion() {
      public List<Integer> getVersionArray() {
        return List.of(4, 4, 0);
      }

      public int getWireVersion() {
        return 9;
      }

      public String toVersionString() {
        return "4.4.0";
      }
    });
    MongoServer server = new MongoServer(backend);
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    System.out.println("listening on " + server.getLocalAddress());
    Thread.currentThread().join();
  }
}
